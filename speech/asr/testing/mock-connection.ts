/**
 * One connection to a mock vendor, and the mischief it does when the URL asks for it
 * (`?scenario=…`): every vendor's words go out through here.
 */
import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import type { Time } from "../../../base/ports.js";

/** What can be asked of a mock. `error` and `quota` are each vendor's own words for it. */
export const mockScenarios = [
  "none",
  /** An error in the band, where a text was expected. */
  "error",
  /** The account is used up: in the band or at the handshake, as the vendor does it. */
  "quota",
  /** The handshake is answered with 401. */
  "denied",
  /** The first message is cut in the middle. */
  "halfJson",
  /** It listens and says nothing. */
  "mute",
  /** All it says comes ten seconds late. */
  "stall",
  /** Another text after the final one. */
  "lateText",
  /** The connection is cut at the third piece of audio; every other time only, so that a second
   * attempt succeeds. */
  "cut",
] as const;
export type MockScenario = (typeof mockScenarios)[number];

export type MockConnection = {
  readonly scenario: MockScenario;
  /** Of the URL. */
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly time: Time;
  /** One JSON or text message. */
  readonly send: (message: object | string) => void;
  /** Closes once all that was sent is out. */
  readonly close: (code?: number, reason?: string) => void;
  readonly onMessage: (take: (data: Buffer, isBinary: boolean) => void) => void;
};

export type ServeMock = (connection: MockConnection) => void;

/** How a mock vendor is entered into the registry. */
export type MockVendorEntry = {
  readonly serve: ServeMock;
  /** HTTP status of the `quota` scenario, for vendors that refuse the handshake. */
  readonly quotaStatus?: number;
};

const stallMs = 10_000;
const cutAfterMessages = 3;
let cuts = 0;

export function mockConnection(
  socket: WebSocket,
  request: IncomingMessage,
  options: { readonly time: Time; readonly delayMs: number },
): MockConnection {
  const { time, delayMs } = options;
  const query = new URL(request.url ?? "/", "ws://mock").searchParams;
  const scenario = (query.get("scenario") ?? "none") as MockScenario;
  const waitMs = scenario === "stall" ? stallMs : delayMs;
  const later = (run: () => void): void => {
    if (waitMs === 0) run();
    else time.after(waitMs, run);
  };
  const isCut = scenario === "cut" && cuts++ % 2 === 0;
  let sent = 0;
  socket.on("error", () => socket.terminate());
  return {
    scenario,
    query,
    headers: request.headers,
    time,
    send(message) {
      if (scenario === "mute") return;
      const text = typeof message === "string" ? message : JSON.stringify(message);
      sent += 1;
      const shown = scenario === "halfJson" && sent === 1 ? text.slice(0, text.length / 2) : text;
      later(() => socket.send(shown));
    },
    close(code = 1000, reason = "") {
      if (scenario !== "mute") later(() => socket.close(code, reason));
    },
    onMessage(take) {
      let messages = 0;
      socket.on("message", (data: Buffer, isBinary) => {
        messages += 1;
        if (isCut && messages > cutAfterMessages) return socket.terminate();
        take(data, isBinary);
      });
    },
  };
}
