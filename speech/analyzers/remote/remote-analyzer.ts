/**
 * An analyzer elsewhere, over whichever line: audio in pieces of 100 ms, a circuit that leaves it
 * out while it fails, a time for every turn's answer. What does not get through is counted and
 * gone: a late label is worth nothing, and no call waits for one.
 */
import type { Rng, Time, Timer } from "../../../base/ports.js";
import { VendorHealth } from "../../vendors/vendor-health.js";
import type {
  Analyzer,
  AnalyzerEvent,
  AnalyzerNotice,
  AnalyzerStart,
  AnalyzerStream,
  FinalText,
} from "../analyzer.js";
import type {
  AnalyzerInput,
  AnalyzerLine,
  AnalyzerSession,
  SessionEvent,
} from "./analyzer-line.js";

const pieceMs = 100;
const frameMs = 20;

export type RemoteAnalyzerOptions = {
  readonly name: string;
  readonly line: AnalyzerLine;
  readonly time: Time;
  readonly rng: Rng;
  /** From a final to the answer. */
  readonly timeoutMs: number;
  /** Calls at once on this thread; one more goes without. */
  readonly streamsMax: number;
  readonly sendsAudio: boolean;
  readonly observe: (notice: AnalyzerNotice) => void;
};

export class RemoteAnalyzer implements Analyzer {
  readonly name: string;
  readonly health: VendorHealth;
  readonly options: RemoteAnalyzerOptions;
  /** Calls that have a session now. */
  sessions = 0;

  constructor(options: RemoteAnalyzerOptions) {
    this.name = options.name;
    this.options = options;
    this.health = new VendorHealth({ clock: options.time, rng: options.rng });
  }

  open(start: AnalyzerStart, listener: (event: AnalyzerEvent) => void): AnalyzerStream {
    return new RemoteStream(this, start, listener);
  }

  close(): void {
    this.options.line.close();
  }

  observe(notice: AnalyzerNotice): void {
    this.options.observe(notice);
  }
}

class RemoteStream implements AnalyzerStream {
  readonly #owner: RemoteAnalyzer;
  readonly #start: AnalyzerStart;
  readonly #listener: (event: AnalyzerEvent) => void;
  readonly #piece: Int16Array;
  #filled = 0;
  #hasSpeech = false;
  #session: AnalyzerSession | undefined;
  /** Finals that were sent and not answered. */
  readonly #awaited = new Map<number, { readonly sentAtMs: number; readonly timer: Timer }>();
  #isClosed = false;

  constructor(
    owner: RemoteAnalyzer,
    start: AnalyzerStart,
    listener: (event: AnalyzerEvent) => void,
  ) {
    this.#owner = owner;
    this.#start = start;
    this.#listener = listener;
    this.#piece = new Int16Array((start.rateHz * pieceMs) / 1000);
  }

  frame(samples: Int16Array, isSpeech: boolean): void {
    if (!this.#owner.options.sendsAudio) return;
    if (this.#filled + samples.length > this.#piece.length) this.#flush();
    this.#piece.set(samples.subarray(0, this.#piece.length), this.#filled);
    this.#filled += Math.min(samples.length, this.#piece.length);
    this.#hasSpeech ||= isSpeech;
    if (this.#filled > this.#piece.length - (this.#start.rateHz * frameMs) / 1000) this.#flush();
  }

  partial({ turnId, text }: { readonly turnId: number; readonly text: string }): void {
    this.#send({ kind: "partial", turnId, text });
  }

  final(final: FinalText): void {
    this.#flush();
    if (!this.#send({ kind: "final", ...final })) return;
    const { time, timeoutMs } = this.#owner.options;
    const { turnId } = final;
    this.#awaited.get(turnId)?.timer.cancel();
    const timer = time.after(timeoutMs, () =>
      this.#fail("ANALYZER_STALLED", `a turn was not answered within ${timeoutMs} ms`),
    );
    this.#awaited.set(turnId, { sentAtMs: time.nowMs(), timer });
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  #flush(): void {
    if (this.#filled === 0) return;
    const samples = this.#piece.slice(0, this.#filled);
    const isSpeech = this.#hasSpeech;
    this.#filled = 0;
    this.#hasSpeech = false;
    this.#send({ kind: "audio", samples, isSpeech });
  }

  #send(input: AnalyzerInput): boolean {
    const session = this.#session ?? this.#open();
    const isSent = session?.send(input) ?? false;
    if (!isSent) this.#owner.observe({ kind: "dropped", analyzer: this.#owner.name, count: 1 });
    return isSent;
  }

  /** While its circuit is open, or too many calls have it, this call goes without. */
  #open(): AnalyzerSession | undefined {
    const { health, options } = this.#owner;
    if (this.#isClosed || this.#owner.sessions >= options.streamsMax) return undefined;
    if (health.triableAtMs > options.time.nowMs()) return undefined;
    health.began();
    this.#owner.sessions += 1;
    const session = options.line.open(this.#start, (event) => {
      if (this.#session === session) this.#hear(event);
    });
    return (this.#session = session);
  }

  #hear(event: SessionEvent): void {
    switch (event.kind) {
      case "label":
        this.#owner.observe({ kind: "label", analyzer: this.#owner.name });
        return this.#listener(event);
      case "answered":
        return this.#answered(event.turnId);
      case "failed":
        return this.#fail(event.code, event.message);
    }
  }

  #answered(turnId: number): void {
    const awaited = this.#awaited.get(turnId);
    if (awaited === undefined) return;
    awaited.timer.cancel();
    this.#awaited.delete(turnId);
    const { name, options, health } = this.#owner;
    const latencyMs = options.time.nowMs() - awaited.sentAtMs;
    this.#owner.observe({ kind: "answered", analyzer: name, latencyMs });
    const change = health.succeeded(latencyMs);
    if (change !== undefined) this.#owner.observe({ kind: "circuit", analyzer: name, change });
  }

  /** The call goes on without it until the circuit lets somebody through; then a new session. */
  #fail(code: string, message: string): void {
    const { name, health } = this.#owner;
    this.#drop();
    this.#owner.observe({ kind: "failed", analyzer: name, code, message });
    const change = health.failed(code);
    if (change !== undefined) this.#owner.observe({ kind: "circuit", analyzer: name, change });
  }

  #drop(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    this.#owner.sessions -= 1;
    // A probe that was given up says nothing.
    if (this.#isClosed) this.#owner.health.gaveUp();
    for (const { timer } of this.#awaited.values()) timer.cancel();
    this.#awaited.clear();
    session.close();
  }
}
