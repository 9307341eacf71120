/**
 * One run of the fuzzer over a protocol: session after session takes messages of a real call, most
 * of them bent, while our own side plays, marks and clears. Allowed are a message taken and a
 * `ProtocolError`; any other error, a frame of the wrong length, media time that falls, or an end
 * told twice is a finding.
 */
import { EngineError } from "../../../base/errors.js";
import type { Clock } from "../../../base/ports.js";
import { virtualTime, type VirtualTime } from "../../../base/virtual-time.js";
import { frameBytes } from "../../../codecs/audio/audio-codec.js";
import { isProtocolError } from "../../../codecs/wire/protocol-error.js";
import type { MediaSession, MediaSink, StreamStart } from "../media-protocol.js";
import type { FuzzTarget } from "./fuzz-targets.js";
import { below, mutated, pick, seededRng, type Message } from "./mutate.js";

export type FuzzReport = {
  readonly target: string;
  readonly messages: number;
  readonly sessions: number;
  /** Streams that started. */
  readonly starts: number;
  readonly frames: number;
  /** Messages that were refused, by the code of their error. */
  readonly refused: Readonly<Record<string, number>>;
  /** The message that took longest, in ms: one that hangs would be seen here. */
  readonly slowestMs: number;
};

export type FuzzOptions = {
  readonly target: FuzzTarget;
  readonly messages: number;
  readonly seed: number;
  readonly clock: Pick<Clock, "nowMs">;
  /** Told every so many messages, to look at memory. */
  readonly every?: { readonly messages: number; readonly look: () => void };
};

const messagesASession = 12;

/** @throws {EngineError} `FUZZ_FINDING`, with the seed, the place and the message */
export function runFuzz(options: FuzzOptions): FuzzReport {
  const run = new FuzzRun(options);
  return run.report();
}

class FuzzRun {
  readonly #options: FuzzOptions;
  readonly #refused: Record<string, number> = {};
  #sessions = 0;
  #starts = 0;
  #frames = 0;
  #slowestMs = 0;
  #sent = 0;

  constructor(options: FuzzOptions) {
    this.#options = options;
    const { messages, target, seed, every } = options;
    const rng = seededRng(seed);
    let looked = 0;
    while (this.#sent < messages) {
      const isPlain = rng.next() < 0.15;
      const session = new FuzzSession(target, () => (this.#frames += 1));
      this.#sessions += 1;
      for (let index = 0; index < messagesASession && this.#sent < messages; index += 1) {
        const right = target.messages[index] ?? pick(rng, target.messages);
        const isKept = isPlain || (index < 2 && rng.next() < 0.6) || rng.next() < 0.25;
        const message = isKept
          ? right
          : mutated(rng, pick(rng, [right, pick(rng, target.messages)]), target.messages);
        this.#take(session, message);
        session.answer(below(rng, 8));
      }
      this.#starts += session.starts;
      this.#guard("the end", () => session.close());
      if (every === undefined || this.#sent - looked < every.messages) continue;
      looked = this.#sent;
      every.look();
    }
  }

  report(): FuzzReport {
    const { target, messages } = this.#options;
    return {
      target: target.name,
      messages,
      sessions: this.#sessions,
      starts: this.#starts,
      frames: this.#frames,
      refused: this.#refused,
      slowestMs: this.#slowestMs,
    };
  }

  #take(session: FuzzSession, message: Message): void {
    const { clock } = this.#options;
    const startMs = clock.nowMs();
    this.#sent += 1;
    this.#guard(message, () => session.take(message));
    this.#slowestMs = Math.max(this.#slowestMs, clock.nowMs() - startMs);
  }

  #guard(message: Message, run: () => void): void {
    try {
      run();
    } catch (error) {
      if (isProtocolError(error)) {
        this.#refused[error.code] = (this.#refused[error.code] ?? 0) + 1;
        return;
      }
      const { target, seed } = this.#options;
      const shown = typeof message === "string" ? message : Buffer.from(message).toString("hex");
      const words = `${target.name}, seed ${seed}, message ${this.#sent}: ${String(error)}`;
      throw new EngineError(
        "FUZZ_FINDING",
        words,
        { message: shown.slice(0, 4000) },
        { cause: error },
      );
    }
  }
}

/** A session with both its sides, and what must hold of it. */
class FuzzSession {
  starts = 0;
  readonly #time: VirtualTime = virtualTime();
  readonly #session: MediaSession;
  readonly #open = new Map<number, { readonly start: StreamStart; samples: number }>();
  #utterance = 1;

  constructor({ protocol }: FuzzTarget, frame: () => void) {
    const peer = {
      query: "callId=c&token=t",
      nowMs: () => this.#time.nowMs(),
      after: (delayMs: number, run: () => void) => this.#time.after(delayMs, run),
    };
    this.#session = protocol.open(
      () => undefined,
      this.#sink(frame),
      () => undefined,
      peer,
    );
  }

  take(message: Message): void {
    this.#session.receive(message);
    this.#time.advance(20);
  }

  /** What our side says meanwhile. */
  answer(choice: number): void {
    for (const [streamId, { start }] of this.#open) {
      if (choice === 0) this.#session.sendMark(streamId, `u${this.#utterance}`);
      else if (choice === 1) this.#session.sendClear(streamId, this.#utterance++);
      else if (choice === 2) this.#hangup(streamId);
      else if (choice < 6) {
        const frame = new Uint8Array(frameBytes(start.format, start.frameMs));
        this.#session.sendFrame(streamId, frame, this.#utterance);
      }
    }
  }

  close(): void {
    this.#session.closed(1006);
    this.#time.advance(5000);
    must(this.#time.pendingCount === 0, "no timer is left behind a session");
  }

  /** Nothing is told of it any more. */
  #hangup(streamId: number): void {
    this.#open.delete(streamId);
    this.#session.hangup(streamId, "enough");
  }

  #sink(count: () => void): MediaSink {
    return {
      started: (start) => {
        this.starts += 1;
        must(!this.#open.has(start.streamId), "an open stream starts no second time");
        this.#open.set(start.streamId, { start, samples: 0 });
        this.#session.ready(start.streamId);
      },
      frame: (streamId, payload, mediaSamples) => {
        const one = this.#open.get(streamId);
        must(one !== undefined, "frames come of an open stream");
        const { format, frameMs } = one!.start;
        must(payload.length === frameBytes(format, frameMs), "a frame has its stream's length");
        must(mediaSamples >= one!.samples, "media time never falls");
        one!.samples = mediaSamples;
        count();
      },
      dtmf: (_streamId, digit) => must(/^[0-9*#A-D]$/.test(digit), "a key is one of a telephone"),
      markReached: () => undefined,
      ended: (streamId) => {
        must(this.#open.delete(streamId), "an end is told once, of an open stream");
      },
    };
  }
}

function must(isTrue: boolean, rule: string): void {
  if (!isTrue) throw new EngineError("FUZZ_RULE", rule);
}
