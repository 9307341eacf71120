/**
 * One request to a mock voice, and the mischief it does when the URL asks for it (`?scenario=…`):
 * every vendor's speech goes out through here.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Time } from "../../../base/ports.js";
import { oddWav } from "./mock-speech.js";

/** What can be asked of a mock. `error` and `quota` are each vendor's own words for it. */
export type MockVoiceScenario =
  | "none"
  /** Chunks of 333 bytes. */
  | "pieces"
  /** No faster than it is spoken, at 16 kHz. */
  | "live"
  /** One byte more than whole samples. */
  | "odd"
  /** A WAV file of another rate, whatever was asked for. */
  | "otherRate"
  | "mp3"
  /** An error with its status. */
  | "down"
  /** An error in a 200. */
  | "error"
  /** The same, cut in the middle. */
  | "halfJson"
  | "quota"
  | "denied"
  | "refused"
  | "mute"
  /** Silence without end. */
  | "hush"
  /** Nothing but silence, and an end. */
  | "silent"
  /** Ten seconds of nothing in the middle. */
  | "stall"
  /** Cut off in the middle. */
  | "cut";

export type MockError = { readonly status: number; readonly body: object };

/** The words of a vendor for what went wrong. */
export type MockErrors = Readonly<
  Record<"down" | "error" | "quota" | "denied" | "refused", MockError>
>;

export type MockExchange = {
  readonly scenario: MockVoiceScenario;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Answers with an error. */
  fail(error: MockError): void;
  /** Answers with what `bytes` are, or with what the scenario makes of it. */
  speak(text: string, contentType: string, bytes: Buffer): void;
};

const stallMs = 10_000;
const hushEveryMs = 20;

export function mockExchange(
  given: { readonly request: IncomingMessage; readonly response: ServerResponse },
  body: string,
  time: Time,
): MockExchange {
  const { request, response } = given;
  const url = new URL(request.url ?? "/", "http://mock");
  const scenario = (url.searchParams.get("scenario") ?? "none") as MockVoiceScenario;
  return {
    scenario,
    url,
    headers: request.headers,
    body,
    fail({ status, body: error }) {
      const text = JSON.stringify(error);
      response.writeHead(status, { "content-type": "application/json" });
      response.end(scenario === "halfJson" ? text.slice(0, text.length / 2) : text);
    },
    speak(text, contentType, bytes) {
      if (scenario === "mute") return;
      const isOther = scenario === "otherRate";
      const type = isOther ? "audio/wav" : scenario === "mp3" ? "audio/mpeg" : contentType;
      response.writeHead(200, { "content-type": type });
      answer(response, scenario, isOther ? oddWav(text) : bytes, time);
    },
  };
}

function answer(
  response: ServerResponse,
  scenario: MockVoiceScenario,
  bytes: Buffer,
  time: Time,
): void {
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  switch (scenario) {
    case "pieces":
      return inPieces(response, bytes, time);
    case "live":
      return live(response, bytes, time);
    case "odd":
      return void response.end(Buffer.concat([bytes, Buffer.of(1)]));
    case "hush":
      return hush(response, bytes, time);
    case "silent":
      return void response.end(silenced(bytes));
    case "stall":
      response.write(half);
      return void time.after(stallMs, () => response.end(bytes.subarray(half.length)));
    case "cut":
      response.write(half, () => time.after(hushEveryMs, () => response.destroy()));
      return;
    default:
      return void response.end(bytes);
  }
}

/** Odd pieces with a pause between them: no border of theirs is one of samples. */
function inPieces(response: ServerResponse, bytes: Buffer, time: Time): void {
  if (bytes.length === 0) return void response.end();
  response.write(bytes.subarray(0, 3333));
  time.soon(() => inPieces(response, bytes.subarray(3333), time));
}

function live(response: ServerResponse, bytes: Buffer, time: Time): void {
  if (response.destroyed) return;
  if (bytes.length === 0) return void response.end();
  response.write(bytes.subarray(0, 640));
  time.after(hushEveryMs, () => live(response, bytes.subarray(640), time));
}

function hush(response: ServerResponse, bytes: Buffer, time: Time): void {
  if (response.destroyed) return;
  response.write(silenced(bytes).subarray(0, 640));
  time.after(hushEveryMs, () => hush(response, Buffer.alloc(640), time));
}

/** The header of a file stays. */
function silenced(bytes: Buffer): Buffer {
  const headBytes = bytes.subarray(0, 4).toString("latin1") === "RIFF" ? 44 : 0;
  return Buffer.concat([bytes.subarray(0, headBytes), Buffer.alloc(bytes.length - headBytes)]);
}
