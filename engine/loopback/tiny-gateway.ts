/**
 * A gateway as small as can be, for the tests of the loopback trunk: real sockets and protocols,
 * one prompt at a time, and a look at everything the callee sends. It understands nothing.
 */
import { randomUUID } from "node:crypto";
import { mediaProtocols, protocolOfPath } from "../../access/protocols/media-protocols.js";
import type {
  MediaSession,
  MediaSink,
  StreamStart,
} from "../../access/protocols/media-protocol.js";
import { createWsTransport } from "../../access/transports/ws-transport.js";
import type { Connection, Listener } from "../../access/transports/transport.js";
import type { Time } from "../../base/ports.js";
import { codecOf, frameBytes, frameSamples } from "../../codecs/audio/audio-codec.js";
import { rmsDbfs } from "../../codecs/audio/level.js";
import { encodePrompt } from "../../speech/prompts/prompt-audio.js";
import type { SpeechRenderer } from "../../speech/tts/synthesizer.js";

const FRAME_MS = 20;
/** Frames go out this far ahead of their time, as the real playout does. */
const LEAD_MS = 60;
const LOUD_DBFS = -40;

export type TinyGatewayOptions = {
  readonly time: Time;
  readonly synthesizer: SpeechRenderer;
  /** Streams with another token are refused. */
  readonly token: string;
  /** Closes every connection as soon as it is open. */
  readonly isHostile?: boolean;
};

/** What a waiting test is told. */
type Happening = "speech" | "quiet" | "digit" | "mark" | "ended";

/** One stream of a callee. */
export class TinyCall {
  readonly start: StreamStart;
  readonly digits: string[] = [];
  /** Everything the callee sent, in order. */
  readonly frames: Int16Array[] = [];
  /** Arrival of each of those frames. */
  readonly arrivalsMs: number[] = [];
  endReason: string | undefined;
  readonly #session: MediaSession;
  readonly #options: TinyGatewayOptions;
  readonly #waiting = new Map<Happening, (() => void)[]>();
  #utterance = 0;
  #clearedUtterance = 0;
  #loudFrames = 0;
  #quietFrames = 0;

  constructor(start: StreamStart, session: MediaSession, options: TinyGatewayOptions) {
    this.start = start;
    this.#session = session;
    this.#options = options;
  }

  /** Speaks in the agent's voice; resolves when it was heard or cleared. */
  async say(text: string): Promise<void> {
    const speech = { text, voice: "slt", language: "en-US" };
    const pcm = await this.#options.synthesizer.synthesize(speech);
    const utterance = (this.#utterance += 1);
    await this.#play(encodePrompt(pcm, this.start.format), utterance);
    if (utterance <= this.#clearedUtterance || this.endReason !== undefined) return;
    const marked = this.next("mark");
    this.#session.sendMark(this.start.streamId, `end-${utterance}`);
    await marked;
  }

  /** Drops what is being said. */
  clear(): void {
    this.#clearedUtterance = this.#utterance;
    this.#session.sendClear(this.start.streamId, this.#utterance);
  }

  hangup(reason = "done"): void {
    this.#session.hangup(this.start.streamId, reason);
  }

  /** Resolves when this happens the next time. */
  next(happening: Happening): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(happening) ?? [];
      this.#waiting.set(happening, [...waiting, resolve]);
    });
  }

  /** The callee's next whole utterance is over: 500 ms of quiet after speech. */
  async heardOut(): Promise<void> {
    await this.next("speech");
    await this.next("quiet");
  }

  happened(happening: Happening): void {
    const waiting = this.#waiting.get(happening) ?? [];
    this.#waiting.delete(happening);
    for (const resolve of waiting) resolve();
  }

  /** A frame of the callee; tells speech after 200 ms of it. */
  take(payload: Uint8Array): void {
    const { format } = this.start;
    const samples = new Int16Array(frameSamples(format.rateHz, FRAME_MS));
    codecOf(format.codec).decode(payload, samples);
    this.frames.push(samples);
    this.arrivalsMs.push(this.#options.time.nowMs());
    const isLoud = rmsDbfs(samples) > LOUD_DBFS;
    this.#loudFrames += isLoud ? 1 : 0;
    this.#quietFrames = isLoud ? 0 : this.#quietFrames + 1;
    if (isLoud && this.#loudFrames === 10) this.happened("speech");
    if (this.#quietFrames === 25) {
      if (this.#loudFrames >= 10) this.happened("quiet");
      this.#loudFrames = 0;
    }
  }

  #play(audio: Uint8Array, utterance: number): Promise<void> {
    const { streamId, format } = this.start;
    const { time } = this.#options;
    const bytes = frameBytes(format, FRAME_MS);
    const startMs = time.nowMs();
    return new Promise((resolve) => {
      let offset = 0;
      const step = (): void => {
        const untilMs = time.nowMs() - startMs + LEAD_MS;
        for (; offset < audio.length && (offset / bytes) * FRAME_MS < untilMs; offset += bytes) {
          if (utterance <= this.#clearedUtterance || this.endReason !== undefined) return resolve();
          this.#session.sendFrame(streamId, audio.subarray(offset, offset + bytes), utterance);
        }
        if (offset >= audio.length) return resolve();
        time.after(FRAME_MS / 2, step);
      };
      step();
    });
  }
}

export class TinyGateway {
  readonly #options: TinyGatewayOptions;
  readonly #calls: TinyCall[] = [];
  readonly #waiting: ((call: TinyCall) => void)[] = [];
  #listener: Listener | undefined;

  constructor(options: TinyGatewayOptions) {
    this.#options = options;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#listener!.port}`;
  }

  async open(): Promise<void> {
    const protocols = mediaProtocols();
    this.#listener = await createWsTransport().listen({
      host: "127.0.0.1",
      port: 0,
      messageBytesMax: 65_536,
      bufferedBytesMax: 1_000_000,
      handshakeMsMax: 5000,
      idleMsMax: 30_000,
      time: this.#options.time,
      accept: ({ path }) => {
        const protocol = protocolOfPath(protocols, path);
        if (protocol === undefined) return { ok: false, status: 404, reason: "no such path" };
        const { subprotocol } = protocol;
        return { ok: true, ...(subprotocol === undefined ? {} : { subprotocol }) };
      },
      connected: (connection) => this.#connected(connection),
    });
  }

  /** The next call that comes in and has the right token. */
  nextCall(): Promise<TinyCall> {
    const call = this.#calls.shift();
    if (call !== undefined) return Promise.resolve(call);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  #connected(connection: Connection): void {
    const protocol = protocolOfPath(mediaProtocols(), connection.request.path)!;
    let call: TinyCall | undefined;
    const sink: MediaSink = {
      started: (start) => {
        if (start.token !== this.#options.token) return connection.close(1008, "wrong token");
        call = new TinyCall(start, session, this.#options);
        session.ready(start.streamId, { resume: randomUUID() });
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#calls.push(call);
        else waiting(call);
      },
      frame: (_streamId, payload) => call?.take(payload),
      dtmf: (_streamId, digit) => {
        call?.digits.push(digit);
        call?.happened("digit");
      },
      markReached: () => call?.happened("mark"),
      ended: (_streamId, reason) => {
        if (call === undefined) return;
        call.endReason = reason;
        call.happened("ended");
      },
    };
    const session: MediaSession = protocol.open(
      (message) => connection.send(message),
      sink,
      (code, reason) => connection.close(code, reason),
      {
        query: connection.request.query,
        nowMs: () => this.#options.time.nowMs(),
        after: (delayMs, run) => this.#options.time.after(delayMs, run),
      },
    );
    connection.listen({
      message: (data) => session.receive(data),
      closed: (code) => session.closed(code),
    });
    if (this.#options.isHostile === true) connection.close(1011, "no");
  }
}
