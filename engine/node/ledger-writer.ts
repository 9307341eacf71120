/**
 * Writes the ledger through to the store. Each call has at most one write under way, and rests
 * after it; what changes meanwhile goes with the next one, so that a slow store costs newness and
 * never memory, and the steps of one answer are not a write each. Nobody waits for it.
 */
import { toErrorData } from "../../base/errors.js";
import type { Time, Timer } from "../../base/ports.js";
import type { CallLedger } from "../../storage/call-ledger.js";

/** After a write that failed. */
const retryMs = 1000;
/** Between two writes of a call: what a lost process may have known that the store does not. */
const restMs = 200;
/** How often the ledger notes that the process lives, while any call does. */
const aliveEveryMs = 1000;

export type LedgerWriterOptions = {
  readonly ledger: Pick<CallLedger, "remember" | "alive">;
  readonly time: Time;
  /** The call as it stands, as bytes; undefined when it has ended. */
  readonly read: (callId: string) => { userId: string; memory: Uint8Array } | undefined;
  readonly log: (level: "error", message: string, fields: object) => void;
};

type Write = {
  /** Or rests after one. */
  isUnderWay: boolean;
  isChanged: boolean;
  retry: Timer | undefined;
  rest: Timer | undefined;
};

export class LedgerWriter {
  readonly #options: LedgerWriterOptions;
  readonly #writes = new Map<string, Write>();
  /** Kinds of trouble told so far, by call: one line each is enough. */
  readonly #told = new Set<string>();
  #alive: Timer | undefined;
  #isStopped = false;

  constructor(options: LedgerWriterOptions) {
    this.#options = options;
  }

  /** The call has changed: what it is when the writing begins will be written. */
  changed(callId: string): void {
    if (this.#isStopped) return;
    const write = this.#writes.get(callId) ?? this.#begin(callId);
    if (write.isChanged) return;
    write.isChanged = true;
    // Several changes come in one turn of the loop; all of them are one write.
    if (!write.isUnderWay) this.#options.time.soon(() => void this.#write(callId, write));
  }

  /** The call has ended: its record takes the memory away. */
  forget(callId: string): void {
    const write = this.#writes.get(callId);
    if (write !== undefined) cancel(write);
    this.#writes.delete(callId);
    for (const told of this.#told) if (told.startsWith(`${callId} `)) this.#told.delete(told);
  }

  /** Begins nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#alive?.cancel();
    for (const write of this.#writes.values()) cancel(write);
    this.#writes.clear();
  }

  #begin(callId: string): Write {
    const write: Write = {
      isUnderWay: false,
      isChanged: false,
      retry: undefined,
      rest: undefined,
    };
    this.#writes.set(callId, write);
    this.#alive ??= this.#options.time.after(0, () => this.#noteLife());
    return write;
  }

  async #write(callId: string, write: Write): Promise<void> {
    if (this.#writes.get(callId) !== write || !write.isChanged) return;
    write.isChanged = false;
    const call = this.#options.read(callId);
    // Over already: a late word about it must not keep it here.
    if (call === undefined) return this.forget(callId);
    write.isUnderWay = true;
    const savedEpochMs = this.#options.time.epochMs();
    try {
      await this.#options.ledger.remember({ callId, savedEpochMs, ...call });
    } catch (error) {
      this.#failed(callId, write, error);
    }
    if (this.#writes.get(callId) !== write || this.#isStopped) return;
    write.rest = this.#options.time.after(restMs, () => {
      write.isUnderWay = false;
      void this.#write(callId, write);
    });
  }

  #failed(callId: string, write: Write, thrown: unknown): void {
    const error = toErrorData(thrown);
    const told = `${callId} ${error.code}`;
    if (this.#writes.get(callId) !== write || this.#isStopped) return;
    if (!this.#told.has(told)) {
      this.#told.add(told);
      const { code, message, detail } = error;
      const fields = { callId, code, why: message, ...detail };
      this.#options.log("error", "the memory of a call could not be stored", fields);
    }
    // Too large now is too large in a second: its next change will tell.
    if (error.code === "MEMORY_TOO_LARGE") return;
    write.retry?.cancel();
    write.retry = this.#options.time.after(retryMs, () => this.changed(callId));
  }

  #noteLife(): void {
    const { ledger, time } = this.#options;
    this.#alive = undefined;
    if (this.#writes.size === 0) return;
    // What it could not note is noted a second later.
    ledger.alive(time.epochMs()).catch(() => undefined);
    this.#alive = time.after(aliveEveryMs, () => this.#noteLife());
  }
}

function cancel({ retry, rest }: Write): void {
  retry?.cancel();
  rest?.cancel();
}
