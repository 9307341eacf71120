/**
 * Requests to Asterisk's REST interface. Asterisk's listener takes ten waiting connections, so they
 * are kept alive and their number is bounded.
 *
 * @see https://docs.asterisk.org/Latest_API/API_Documentation/Asterisk_REST_Interface/
 */
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { EngineError } from "../../../base/errors.js";
import type { Time, Timer } from "../../../base/ports.js";

export type AriAddress = {
  /** e.g. `http://127.0.0.1:8088/ari`, without a slash at its end. */
  readonly url: string;
  readonly user: string;
  /** Secret. */
  readonly password: string;
};

export type AriMethod = "GET" | "POST" | "DELETE";
export type AriQuery = Readonly<Record<string, string | undefined>>;

/** What Asterisk said: a JSON body, or nothing. */
export type AriReply = { readonly status: number; readonly body: unknown };

/** Twenty callees who answer at once ask three things each; the listener's backlog is ten. */
const socketsMax = 8;
/** For the whole of an answer: one that comes byte by byte is none either. */
const answerMsMax = 5000;
/** Asterisk closes a connection that rests for 15 s: we do so first, or a request might meet it. */
const restMsMax = 10_000;
/** Insisting ends behind as many, about a minute, with a growing delay between them. */
const triesMax = 15;
const retryMsMin = 250;
const retryMsMax = 5000;
const closeMsMax = 1000;
/** A list of channels is long; more than this is not what we asked for. */
const bodyBytesMax = 16 * 1024 * 1024;

export class AriHttp {
  readonly #address: AriAddress;
  readonly #time: Time;
  readonly #agent: Agent;
  readonly #isTls: boolean;
  readonly #asked = new Set<Promise<unknown>>();
  readonly #pauses = new Map<Timer, () => void>();
  #isClosed = false;

  constructor(address: AriAddress, time: Time) {
    this.#address = address;
    this.#time = time;
    this.#isTls = address.url.startsWith("https:");
    const options = { keepAlive: true, maxSockets: socketsMax, timeout: restMsMax };
    this.#agent = this.#isTls ? new TlsAgent(options) : new Agent(options);
  }

  /**
   * Asks once; never again by itself, since what a lost answer did is not known here.
   *
   * @param path e.g. `/channels/vx-1`, its parts encoded
   * @param query left out where a value is undefined
   * @throws {EngineError} `ARI_UNREACHABLE` when no whole answer came; `detail.isSent` is false
   *   where nobody was there to take the request, `isUnclear` true where it may still be done
   */
  async ask(method: AriMethod, path: string, query: AriQuery = {}): Promise<AriReply> {
    const asked = this.#ask(method, path, query);
    this.#asked.add(asked);
    try {
      return await asked;
    } finally {
      this.#asked.delete(asked);
    }
  }

  /**
   * Asks until Asterisk has taken it or refused it, for what may be asked twice.
   *
   * @returns undefined when it was asked in vain for a minute, or everything was closed
   */
  async insist(
    method: "GET" | "DELETE",
    path: string,
    query: AriQuery = {},
  ): Promise<AriReply | undefined> {
    for (let tries = 1; tries <= triesMax && !this.#isClosed; tries += 1) {
      const reply = await this.ask(method, path, query).catch(() => undefined);
      if (reply !== undefined && !isTrouble(reply)) return reply;
      if (tries < triesMax) await this.#pause(Math.min(retryMsMax, retryMsMin * 2 ** tries));
    }
    return undefined;
  }

  /** Waits a moment for what was asked already, then ends all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const [timer, go] of this.#pauses) {
      timer.cancel();
      go();
    }
    this.#pauses.clear();
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#time.after(closeMsMax, resolve);
    });
    await Promise.race([Promise.allSettled([...this.#asked]), late]);
    timer?.cancel();
    this.#agent.destroy();
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#time.after(delayMs, () => {
        this.#pauses.delete(timer);
        resolve();
      });
      this.#pauses.set(timer, resolve);
    });
  }

  async #ask(method: AriMethod, path: string, query: AriQuery): Promise<AriReply> {
    const { url } = this.#address;
    let timer: Timer | undefined;
    let isUnclear = false;
    try {
      const request = this.#request(method, path, query);
      timer = this.#time.after(answerMsMax, () => {
        isUnclear = true;
        request.destroy(new Error(`no whole answer in ${answerMsMax} ms`));
      });
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request.once("response", resolve);
        // Also behind the answer's beginning: then whoever reads it learns of it, too.
        request.on("error", reject);
        request.end();
      });
      isUnclear = true;
      const text = await readText(response);
      return { status: response.statusCode ?? 0, body: jsonOf(text) };
    } catch (cause) {
      throw unreachable(url, cause, isUnclear);
    } finally {
      timer?.cancel();
    }
  }

  #request(method: AriMethod, path: string, query: AriQuery): ClientRequest {
    const { url, user, password } = this.#address;
    const said = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(said as [string, string][]).toString();
    const target = new URL(`${url}${path}${search === "" ? "" : `?${search}`}`);
    const send = this.#isTls ? httpsRequest : httpRequest;
    return send(target, {
      method,
      agent: this.#agent,
      auth: `${user}:${password}`,
      headers: { "content-length": 0 },
    });
  }
}

/** A proxy gave up waiting: Asterisk may do it all the same. */
const gatewayTimeout = 504;

/** What an answer leaves open, as the error of one that never came whole does. */
export function isUnclear(reply: AriReply): boolean {
  return reply.status === gatewayTimeout;
}

/** Not Asterisk's word on the matter: it, or a proxy before it, is in trouble. */
export function isTrouble({ status }: AriReply): boolean {
  return status >= 500;
}

/** The words of a refusal: Asterisk's own, or the status. */
export function refusalOf({ status, body }: AriReply): string {
  const message = (body as { message?: unknown } | undefined)?.message;
  return typeof message === "string" ? `HTTP ${status}: ${message}` : `HTTP ${status}`;
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const part of response) {
    text += String(part);
    if (text.length > bodyBytesMax) throw new Error(`over ${bodyBytesMax} bytes`);
  }
  return text;
}

function jsonOf(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an error page of a proxy: the status says enough
  }
}

function unreachable(url: string, cause: unknown, isUnclear: boolean): EngineError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const isSent = (cause as { code?: unknown } | undefined)?.code !== "ECONNREFUSED";
  const message = `cannot read ${url}: ${why}`;
  return new EngineError("ARI_UNREACHABLE", message, { isSent, isUnclear }, { cause });
}
