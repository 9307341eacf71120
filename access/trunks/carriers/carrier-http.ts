/**
 * Requests to a carrier's REST interface, a few at a time. What dials is sent once; what can be
 * repeated without harm is, where the network or the carrier stumbled.
 */
import { EngineError } from "../../../base/errors.js";
import type { Time } from "../../../base/ports.js";
import {
  jsonOf,
  type CarrierDialect,
  type CarrierReply,
  type CarrierRequest,
} from "./carrier-dialect.js";

const requestsMax = 10;
/** A queue longer than this dials too late anyway. */
const waitingMax = 1000;
const answerMsMax = 10_000;
const bodyBytesMax = 1024 * 1024;
const retryDelaysMs = [500, 1500, 4000] as const;

export class CarrierHttp {
  readonly #dialect: CarrierDialect;
  readonly #time: Time;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #abort = new AbortController();

  constructor(dialect: CarrierDialect, time: Time) {
    this.#dialect = dialect;
    this.#time = time;
  }

  /** @throws {EngineError} `CARRIER_UNREACHABLE` when no whole answer came */
  async once(request: CarrierRequest): Promise<CarrierReply> {
    await this.#turn();
    try {
      return await this.#send(request);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Asks again where there was no answer, or one that says "later". */
  async patiently(request: CarrierRequest): Promise<CarrierReply> {
    for (const delayMs of retryDelaysMs) {
      const reply = await this.once(request).catch(() => undefined);
      const isLater = reply === undefined || reply.status >= 500 || reply.status === 429;
      if (!isLater) return reply;
      await new Promise<void>((resolve) => this.#time.after(delayMs, resolve));
      if (this.#abort.signal.aborted) break;
    }
    return this.once(request);
  }

  /** Ends what is under way. */
  close(): void {
    this.#abort.abort();
  }

  open(): void {
    this.#abort = new AbortController();
  }

  async #turn(): Promise<void> {
    if (this.#running >= requestsMax) {
      if (this.#waiting.length >= waitingMax) {
        throw unreachable(this.#dialect.vendor, `${waitingMax} requests wait already`);
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
  }

  async #send({ method, path, body }: CarrierRequest): Promise<CarrierReply> {
    const { vendor, url } = this.#dialect;
    const isForm = body instanceof URLSearchParams;
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: await this.#dialect.authorization(),
          accept: "application/json",
          ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
        redirect: "error",
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(answerMsMax)]),
      });
      return { status: response.status, body: jsonOf(await bounded(response)) };
    } catch (cause) {
      throw unreachable(vendor, wordsOf(cause), cause);
    }
  }
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array);
    bytes += (part as Uint8Array).length;
    if (bytes > bodyBytesMax) throw new Error(`an answer of over ${bodyBytesMax} bytes`);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** `fetch` hides the reason in its cause. */
function wordsOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string } };
  return cause?.message ?? message ?? String(error);
}

function unreachable(vendor: string, why: string, cause?: unknown): EngineError {
  const message = `${vendor} gave no answer: ${why}`;
  return new EngineError("CARRIER_UNREACHABLE", message, {}, { cause });
}
