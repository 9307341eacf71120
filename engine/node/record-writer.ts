/**
 * Puts the outcomes of calls on record. One that the store does not take is tried again, in the
 * order of the ends, until it is there: else the next start would read another end than was told.
 */
import { toErrorData, type ErrorData } from "../../base/errors.js";
import type { Time, Timer } from "../../base/ports.js";
import type { CallRecord, UserCallRecords } from "../../storage/call-records.js";

const retryMsMin = 200;
const retryMsMax = 5000;
/** Without its store no call begins: so many at most were live when it went away. */
const waitingMax = 10_000;

export type RecordWriterOptions = {
  readonly store: Pick<UserCallRecords, "put">;
  readonly time: Time;
  readonly log: (level: "info" | "error", message: string, fields: object) => void;
};

export class RecordWriter {
  readonly #options: RecordWriterOptions;
  /** What the store did not take yet, in order. */
  readonly #waiting = new Map<string, CallRecord>();
  #retryMs = retryMsMin;
  #timer: Timer | undefined;
  #round: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: RecordWriterOptions) {
    this.#options = options;
  }

  /** Outcomes that are not on record yet though they should be. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** A record that waits. */
  find(callId: string): CallRecord | undefined {
    return this.#waiting.get(callId);
  }

  /** Resolves when the record is stored, or waits to be tried again. Never rejects. */
  async put(record: CallRecord): Promise<void> {
    const { store } = this.#options;
    const { callId } = record;
    try {
      await store.put(record);
    } catch (thrown) {
      const error = toErrorData(thrown);
      // Nobody tries again what was still under way at the end.
      if (!isOfStore(error) || this.#isStopped) return this.#lost(record, error);
      this.#log("error", "the record of a call could not be stored: it is tried again", {
        callId,
        ...wordsOf(error),
      });
      this.#waiting.set(callId, record);
      this.#dropOldest();
      this.#timer ??= this.#options.time.after(this.#retryMs, () => this.#again());
    }
  }

  /** Tries for so long, then says what is not on record. */
  async stop(withinMs: number): Promise<void> {
    const { time } = this.#options;
    const endMs = time.nowMs() + withinMs;
    while (this.#waiting.size > 0 && time.nowMs() < endMs) {
      this.#timer?.cancel();
      await (this.#round ?? this.#tryAll());
      if (this.#waiting.size === 0) break;
      await new Promise<void>((resolve) => time.after(retryMsMin, resolve));
    }
    this.#isStopped = true;
    this.#timer?.cancel();
    const why = { code: "STOPPED", message: "the engine stops and the store does not take it" };
    for (const record of [...this.#waiting.values()]) this.#lost(record, why);
  }

  #again(): void {
    this.#timer = undefined;
    this.#round = this.#tryAll().finally(() => {
      this.#round = undefined;
      if (this.#waiting.size === 0 || this.#timer !== undefined) return;
      this.#timer = this.#options.time.after(this.#retryMs, () => this.#again());
    });
  }

  /** Stores what waits, oldest first, up to the first that is refused. Never rejects. */
  async #tryAll(): Promise<void> {
    const { store } = this.#options;
    for (const [callId, record] of [...this.#waiting]) {
      try {
        await store.put(record);
        if (this.#waiting.get(callId) === record) this.#waiting.delete(callId);
        this.#retryMs = retryMsMin;
        this.#log("info", "the record of a call is stored now", { callId });
      } catch (thrown) {
        const error = toErrorData(thrown);
        if (!isOfStore(error)) this.#lost(record, error);
        else {
          this.#retryMs = Math.min(retryMsMax, this.#retryMs * 2);
          return;
        }
      }
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#waiting.values();
    if (this.#waiting.size <= waitingMax || oldest === undefined) return;
    this.#lost(oldest, { code: "STORE_BUSY", message: `over ${waitingMax} records wait` });
  }

  #lost(record: CallRecord, error: Pick<ErrorData, "code" | "message">): void {
    const { callId, outcome } = record;
    this.#waiting.delete(callId);
    const message = "the outcome of a call is NOT on record: the next start will call it dropped";
    this.#log("error", message, { callId, outcome, ...wordsOf(error) });
  }

  #log(level: "info" | "error", message: string, fields: object): void {
    this.#options.log(level, message, fields);
  }
}

/** What is wrong with the store may pass; what is wrong with a record will not. */
function isOfStore({ code }: Pick<ErrorData, "code">): boolean {
  return code.startsWith("STORE_");
}

function wordsOf({ code, message: why }: Pick<ErrorData, "code" | "message">): object {
  return { code, why };
}
