/**
 * One attempt to have one utterance recognised on one connection: samples are brought to a rate
 * the vendor takes, put into batches, and sent no faster than it allows.
 *
 *     write ─▶ resample ─▶ batch ─▶ waiting (not open yet, or too fast) ─▶ session ─▶ socket
 */
import type { Time, Timer } from "../../../base/ports.js";
import { createResampler, type Resampler } from "../../../codecs/audio/resampler.js";
import {
  failureData,
  RecognitionError,
  type Grammar,
  type RecognizerStream,
} from "../recognizer.js";
import type { SocketPool } from "./socket-pool.js";
import type { VendorSocket } from "./vendor-socket.js";
import type { AttemptEvent, Vendor, VendorSession } from "./vendor.js";

/** More audio than this in one utterance is no answer any more. */
const waitingMsMax = 60_000;

export type AttemptOptions = {
  readonly vendor: Vendor;
  readonly pool: SocketPool;
  readonly time: Time;
  /** From the end of the audio to the final. */
  readonly finalMsMax: number;
  readonly grammar: Grammar;
  /** Of the samples that are written. */
  readonly rateHz: number;
};

export class Attempt implements RecognizerStream {
  readonly #options: AttemptOptions;
  readonly #listener: (event: AttemptEvent) => void;
  readonly #rateHz: number;
  readonly #resampler: Resampler | undefined;
  readonly #session: VendorSession;
  readonly #batch: Int16Array;
  #filled = 0;
  /** Samples that were written, as they came. */
  #written = 0;
  #socket: VendorSocket | undefined;
  readonly #waiting: Int16Array[] = [];
  #sentMs = 0;
  /** When the first batch was sent. */
  #startedAtMs: number | undefined;
  #pacer: Timer | undefined;
  #deadline: Timer | undefined;
  readonly #sessionTimers = new Set<Timer>();
  #isFinished = false;
  #isOver = false;

  /** Never throws, and never calls `listener` before it has returned. */
  constructor(options: AttemptOptions, listener: (event: AttemptEvent) => void) {
    const { vendor, rateHz, grammar } = options;
    this.#options = options;
    this.#listener = listener;
    this.#rateHz = sentRateHz(vendor.ratesHz, rateHz);
    this.#resampler =
      this.#rateHz === rateHz ? undefined : createResampler({ fromHz: rateHz, toHz: this.#rateHz });
    this.#batch = new Int16Array((vendor.batchMs * this.#rateHz) / 1000);
    const request = { grammar, rateHz: this.#rateHz };
    this.#session = vendor.session(request, {
      send: (message) => this.#socket?.send(message),
      sendBase64: (before, bytes, after) => this.#socket?.sendBase64(before, bytes, after),
      emit: (event) => this.#emit(event),
      fail: (code, message, detail) => this.#fail(new RecognitionError(code, message, detail)),
      after: (delayMs, run) => this.#after(delayMs, run),
    });
    options.time.soon(() => this.#connect(request));
  }

  write(samples: Int16Array): void {
    if (this.#isOver || this.#isFinished) return;
    if (this.#resampler === undefined) return this.#fill(samples);
    this.#fill(this.#resampler.process(samples));
    this.#passOfWritten(samples.length);
  }

  finish(): void {
    if (this.#isOver || this.#isFinished) return;
    if (this.#resampler !== undefined) this.#fill(this.#resampler.flush());
    if (this.#filled > 0) this.#pass(this.#batch.subarray(0, this.#filled));
    this.#isFinished = true;
    this.#drain();
  }

  cancel(): void {
    if (!this.#isOver && this.#socket?.isOpen === true) this.#session.cancel?.();
    this.#end(false);
  }

  #connect(request: { readonly grammar: Grammar; readonly rateHz: number }): void {
    if (this.#isOver) return;
    try {
      this.#socket = this.#options.pool.take(this.#options.vendor.target(request), {
        opened: () => this.#opened(),
        message: (message) => this.#receive(message),
        closed: (error) => this.#closed(error),
      });
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#socket?.isOpen === true) this.#opened();
    else if (this.#socket === undefined) {
      const message = "all streams that this vendor may have are in use";
      this.#fail(new RecognitionError("RECOGNITION_BUSY", message));
    }
  }

  #opened(): void {
    this.#session.start();
    this.#startedAtMs = this.#options.time.nowMs();
    this.#drain();
  }

  #fill(samples: Int16Array): void {
    const batch = this.#batch;
    for (let at = 0; at < samples.length;) {
      const count = Math.min(batch.length - this.#filled, samples.length - at);
      const isWhole = count === samples.length;
      batch.set(isWhole ? samples : samples.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled < batch.length) return;
      this.#filled = 0;
      this.#pass(batch);
      if (this.#isOver) return;
    }
  }

  /** What a resampler holds back must not keep a batch waiting for the next piece. */
  #passOfWritten(count: number): void {
    const { vendor, rateHz } = this.#options;
    const samples = (vendor.batchMs * rateHz) / 1000;
    const before = Math.floor(this.#written / samples);
    this.#written += count;
    if (this.#filled === 0 || Math.floor(this.#written / samples) === before) return;
    const part = this.#batch.subarray(0, this.#filled);
    this.#filled = 0;
    this.#pass(part);
  }

  /** Sends a batch, or lets it wait behind others. */
  #pass(batch: Int16Array): void {
    if (this.#waiting.length === 0 && this.#waitMs() === 0) return this.#send(batch);
    this.#waiting.push(batch.slice());
    if (this.#waiting.length * this.#options.vendor.batchMs > waitingMsMax) {
      const message = `over ${waitingMsMax} ms of audio wait for the vendor`;
      this.#fail(new RecognitionError("RECOGNITION_TOO_LONG", message, { waitingMsMax }));
    }
  }

  /** How long until the vendor takes the next batch; Infinity before the connection is open. */
  #waitMs(): number {
    if (this.#startedAtMs === undefined) return Infinity;
    const { vendor, time } = this.#options;
    const allowedMs = vendor.burstMs + vendor.speedMax * (time.nowMs() - this.#startedAtMs);
    return Math.max(0, (this.#sentMs + vendor.batchMs - allowedMs) / vendor.speedMax);
  }

  #send(batch: Int16Array): void {
    this.#sentMs += (batch.length * 1000) / this.#rateHz;
    this.#session.audio(batch);
  }

  #drain(): void {
    this.#pacer?.cancel();
    this.#pacer = undefined;
    if (this.#startedAtMs === undefined) return;
    while (this.#waiting.length > 0 && !this.#isOver) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        this.#pacer = this.#options.time.after(Math.ceil(waitMs), () => this.#drain());
        return;
      }
      this.#send(this.#waiting.shift()!);
    }
    if (!this.#isFinished || this.#isOver || this.#deadline !== undefined) return;
    const { time, finalMsMax } = this.#options;
    this.#deadline = time.after(finalMsMax, () => this.#overdue());
    this.#session.finish();
  }

  #overdue(): void {
    if (this.#isOver || this.#session.overdue?.() === true) return;
    const { finalMsMax } = this.#options;
    const message = `no final text within ${finalMsMax} ms of the end of the audio`;
    this.#fail(new RecognitionError("RECOGNITION_STALLED", message, { finalMsMax }));
  }

  #receive(message: string | Uint8Array): void {
    if (this.#isOver) return;
    try {
      this.#session.receive(message);
    } catch (error) {
      this.#fail(error);
    }
  }

  #emit(event: Exclude<AttemptEvent, { kind: "failed" }>): void {
    if (this.#isOver) return;
    if (event.kind === "final") this.#end(this.#session.isReusable);
    this.#listener(event);
  }

  #closed(error: RecognitionError | undefined): void {
    if (this.#isOver) return;
    if (error === undefined && this.#session.closed()) return;
    const message = "the vendor closed the connection before its final text";
    this.#fail(error ?? new RecognitionError("RECOGNITION_LOST", message));
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end(false);
    this.#listener({ kind: "failed", error: failureData(error) });
  }

  #after(delayMs: number, run: () => void): Timer {
    const timer = this.#options.time.after(delayMs, () => {
      this.#sessionTimers.delete(timer);
      if (!this.#isOver) run();
    });
    this.#sessionTimers.add(timer);
    return timer;
  }

  #end(isReusable: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pacer?.cancel();
    this.#deadline?.cancel();
    for (const timer of this.#sessionTimers) timer.cancel();
    this.#waiting.length = 0;
    if (this.#socket !== undefined) this.#options.pool.give(this.#socket, isReusable);
  }
}

/** The rate itself where the vendor takes it, else the next better one, else the best there is. */
export function sentRateHz(accepted: readonly number[], rateHz: number): number {
  if (accepted.includes(rateHz)) return rateHz;
  const better = accepted.filter((each) => each > rateHz);
  return better.length > 0 ? Math.min(...better) : Math.max(...accepted);
}
