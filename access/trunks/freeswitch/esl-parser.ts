/**
 * The framing of FreeSWITCH's Event Socket: header lines, an empty line, then as many bytes of
 * body as `Content-Length` says. Bytes, not characters: names of callers may be Chinese. Pure.
 *
 * ```
 * Content-Length: 24\n
 * Content-Type: text/event-json\n
 * \n
 * {"Event-Name":"安娜"…}
 * ```
 *
 * @see https://developer.signalwire.com/freeswitch/FreeSWITCH-Explained/Modules/mod_event_socket_1048924/
 */
import { EngineError } from "../../../base/errors.js";

export type EslMessage = {
  /** By name, as it was spelt. */
  readonly headers: ReadonlyMap<string, string>;
  /** Empty where there is none. */
  readonly body: string;
};

/** More than the headers of any message: they name its type, its length and an answer. */
export const eslHeaderBytesMax = 64 * 1024;
/** The longest body is a list of all channels. */
export const eslBodyBytesMax = 16 * 1024 * 1024;

const nothing = Buffer.alloc(0);

/** Cuts a stream of bytes into messages, wherever the network cut it. */
export class EslParser {
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Headers whose body is still coming, and how long that is. */
  #open: { readonly headers: ReadonlyMap<string, string>; readonly bodyBytes: number } | undefined;

  /**
   * Takes the next bytes; returns the messages that are whole now.
   *
   * @throws {EngineError} `ESL_BROKEN`: nothing that follows can be read
   */
  take(bytes: Buffer): EslMessage[] {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    // A long body comes in many pieces: they are joined once, when it is whole.
    if (this.#open !== undefined && this.#pendingBytes < this.#open.bodyBytes) return [];
    let rest = this.#pending.length === 1 ? bytes : Buffer.concat(this.#pending);
    const messages: EslMessage[] = [];
    for (;;) {
      this.#open ??= readHeaders(rest, (length) => (rest = rest.subarray(length)));
      if (this.#open === undefined) break;
      const { headers, bodyBytes } = this.#open;
      if (rest.length < bodyBytes) break;
      messages.push({ headers, body: rest.toString("utf8", 0, bodyBytes) });
      rest = rest.subarray(bodyBytes);
      this.#open = undefined;
    }
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
    return messages;
  }
}

/** @param skip told how many bytes the headers took */
function readHeaders(
  bytes: Buffer,
  skip: (length: number) => void,
): { headers: ReadonlyMap<string, string>; bodyBytes: number } | undefined {
  // Empty lines between messages mean nothing.
  let from = 0;
  while (bytes[from] === 0x0a) from += 1;
  const end = bytes.indexOf("\n\n", from);
  if ((end === -1 ? bytes.length : end) - from > eslHeaderBytesMax) {
    throw broken(`headers of over ${eslHeaderBytesMax} bytes`);
  }
  if (end === -1) return undefined;
  const headers = new Map<string, string>();
  for (const line of (bytes.subarray(from, end) ?? nothing).toString("utf8").split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) throw broken("a header line without a colon");
    headers.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const bodyBytes = lengthOf(headers.get("Content-Length"));
  skip(end + 2);
  return { headers, bodyBytes };
}

function lengthOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const length = Number(text);
  if (/^\d{1,10}$/.test(text) && length <= eslBodyBytesMax) return length;
  throw broken(`Content-Length ${JSON.stringify(text.slice(0, 20))}`);
}

function broken(what: string): EngineError {
  return new EngineError("ESL_BROKEN", `the Event Socket sent ${what}`);
}
