/**
 * Requests to Asterisk's REST interface. Asterisk's listener takes ten waiting connections, so they
 * are kept alive and their number is bounded.
 *
 * @see https://docs.asterisk.org/Latest_API/API_Documentation/Asterisk_REST_Interface/
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { EngineError } from "../../../base/errors.js";

export type AriAddress = {
  /** e.g. `http://127.0.0.1:8088/ari`, without a slash at its end. */
  readonly url: string;
  readonly user: string;
  /** Secret. */
  readonly password: string;
};

export type AriMethod = "GET" | "POST" | "DELETE";

/** What Asterisk said: a JSON body, or nothing. */
export type AriReply = { readonly status: number; readonly body: unknown };

/** Twenty callees who answer at once ask three things each; the listener's backlog is ten. */
const socketsMax = 8;
const answerMsMax = 5000;
/** A list of channels is long; more than this is not what we asked for. */
const bodyBytesMax = 16 * 1024 * 1024;

export class AriHttp {
  readonly #address: AriAddress;
  readonly #agent: Agent;
  readonly #isTls: boolean;

  constructor(address: AriAddress) {
    this.#address = address;
    this.#isTls = address.url.startsWith("https:");
    const options = { keepAlive: true, maxSockets: socketsMax, timeout: 30_000 };
    this.#agent = this.#isTls ? new TlsAgent(options) : new Agent(options);
  }

  /**
   * Asks once; never again by itself, since what a lost answer did is not known here.
   *
   * @param path e.g. `/channels/vx-1`, its parts encoded
   * @param query left out where a value is undefined
   * @throws {EngineError} `ARI_UNREACHABLE` when no whole answer came
   */
  async ask(
    method: AriMethod,
    path: string,
    query: Readonly<Record<string, string | undefined>> = {},
    body?: object,
  ): Promise<AriReply> {
    const response = await this.#send(method, path, query, body);
    const text = await readText(response);
    return { status: response.statusCode ?? 0, body: jsonOf(text) };
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(
    method: AriMethod,
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    body: object | undefined,
  ): Promise<IncomingMessage> {
    const { url, user, password } = this.#address;
    const said = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(said as [string, string][]).toString();
    const target = new URL(`${url}${path}${search === "" ? "" : `?${search}`}`);
    const text = body === undefined ? "" : JSON.stringify(body);
    const options = {
      method,
      agent: this.#agent,
      auth: `${user}:${password}`,
      timeout: answerMsMax,
      headers: {
        "content-length": Buffer.byteLength(text),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
    };
    return new Promise((resolve, reject) => {
      const send = this.#isTls ? httpsRequest : httpRequest;
      const request = send(target, options, resolve);
      request.on("timeout", () => request.destroy(new Error(`no answer in ${answerMsMax} ms`)));
      request.on("error", (cause) => reject(unreachable(url, cause)));
      request.end(text);
    });
  }
}

/** The words of a refusal: Asterisk's own, or the status. */
export function refusalOf({ status, body }: AriReply): string {
  const message = (body as { message?: unknown } | undefined)?.message;
  return typeof message === "string" ? `HTTP ${status}: ${message}` : `HTTP ${status}`;
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  try {
    for await (const part of response) {
      text += String(part);
      if (text.length > bodyBytesMax) throw new Error(`over ${bodyBytesMax} bytes`);
    }
  } catch (cause) {
    response.destroy();
    throw unreachable("its answer", cause);
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

function unreachable(what: string, cause: unknown): EngineError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EngineError("ARI_UNREACHABLE", `cannot read ${what}: ${why}`, {}, { cause });
}
