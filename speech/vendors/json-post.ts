/**
 * One JSON document to a service and its JSON answer, on kept connections, within a time. For
 * services that answer whole; voices, whose answers are spoken while they come, have their own.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Time } from "../../base/ports.js";
import { asFields, reportedFailure, type Fields } from "./vendor-failure.js";

/** A longer answer is not one of ours. */
const answerBytesMax = 1024 * 1024;
const freeSocketsMax = 8;

/** What went wrong; the caller puts its own prefix before it. */
export type PostFailure = {
  readonly kind: "UNAVAILABLE" | "STALLED" | "PROTOCOL" | "DENIED" | "QUOTA" | "VENDOR" | "REFUSED";
  readonly message: string;
};

export type PostResult =
  | { readonly isOk: true; readonly fields: Fields }
  | { readonly isOk: false; readonly failure: PostFailure };

export type JsonServiceOptions = {
  readonly url: string;
  /** Sent as a bearer token. Secret. */
  readonly key?: string | undefined;
  /** Certificates to trust instead of the system's, PEM. */
  readonly ca?: string | undefined;
  /** From the request to the whole answer. */
  readonly timeoutMs: number;
  readonly time: Time;
};

export class JsonService {
  readonly #options: JsonServiceOptions;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: JsonServiceOptions) {
    const kept = { keepAlive: true, maxFreeSockets: freeSocketsMax, scheduling: "lifo" } as const;
    this.#options = options;
    this.#agent = options.url.startsWith("https:")
      ? new HttpsAgent({ ...kept, ...(options.ca === undefined ? {} : { ca: options.ca }) })
      : new HttpAgent(kept);
  }

  /** Never rejects. @param path appended to the service's URL */
  post(path: string, document: object): { readonly answer: Promise<PostResult>; cancel(): void } {
    const { time, timeoutMs } = this.#options;
    let settle!: (result: PostResult) => void;
    const answer = new Promise<PostResult>((resolve) => (settle = resolve));
    const fail = (kind: PostFailure["kind"], message: string): void =>
      settle({ isOk: false, failure: { kind, message } });
    const sent = this.#send(path, JSON.stringify(document));
    const timer = time.after(timeoutMs, () => {
      fail("STALLED", `no answer within ${timeoutMs} ms`);
      sent.destroy();
    });
    sent.on("response", (response) => {
      readBody(response).then(
        (body) => settle(resultOf(response.statusCode ?? 0, body)),
        (error: unknown) => fail("UNAVAILABLE", wordsOf(error)),
      );
    });
    sent.on("error", (error) => fail("UNAVAILABLE", `no answer: ${wordsOf(error)}`));
    void answer.then(() => timer.cancel());
    return { answer, cancel: () => void sent.destroy() };
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, body: string) {
    const { url, key } = this.#options;
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const sent = send(url.replace(/\/+$/, "") + path, {
      method: "POST",
      agent: this.#agent,
      headers: {
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(body)),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
    });
    sent.end(body);
    return sent;
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > answerBytesMax)
      throw new Error(`the answer is longer than ${answerBytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** Pure: what an answer means. An error may come in a 200. */
export function resultOf(status: number, body: string): PostResult {
  const fields = parsed(body);
  const reported = fields === undefined ? undefined : reportedFailure(fields);
  const isGood = status >= 200 && status < 300;
  if (isGood && fields !== undefined && reported === undefined) return { isOk: true, fields };
  const message = reported?.message ?? (isGood ? "the answer is no JSON object" : "");
  if (isGood) return failed(reported?.kind ?? "PROTOCOL", message);
  const said = message === "" ? `HTTP ${status}` : `HTTP ${status}: ${message}`;
  return failed(kindOfStatus(status), said);
}

function kindOfStatus(status: number): PostFailure["kind"] {
  if (status === 401 || status === 403) return "DENIED";
  if (status === 402 || status === 429) return "QUOTA";
  return status >= 400 && status < 500 ? "REFUSED" : "VENDOR";
}

function failed(kind: PostFailure["kind"], message: string): PostResult {
  return { isOk: false, failure: { kind, message } };
}

function parsed(body: string): Fields | undefined {
  try {
    return asFields(JSON.parse(body));
  } catch {
    // Half of an object is as little as none.
    return undefined;
  }
}

function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
