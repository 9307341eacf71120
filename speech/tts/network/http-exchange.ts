/**
 * One HTTP request to a vendor and the answer as it comes. A connection that waited and was closed
 * at the moment of its use is no failure: the request goes out again, once, on a new one.
 */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Agent } from "node:http";
import type { Socket } from "node:net";
import type { Time } from "../../../base/ports.js";
import { SynthesisError, type SynthesisCode } from "../synthesizer.js";
import type { VoiceRequest } from "./voice-line.js";

export type ExchangeHandler = {
  head(status: number, contentType: string): void;
  data(bytes: Uint8Array): void;
  end(): void;
  failed(error: SynthesisError): void;
};

export type ExchangeOptions = {
  readonly request: VoiceRequest;
  readonly agent: Agent;
  readonly time: Time;
  readonly connectMsMax: number;
};

/** Sends it at once. @returns what destroys connection and answer */
export function startExchange(options: ExchangeOptions, handler: ExchangeHandler): () => void {
  let isOver = false;
  let abort = (): void => undefined;
  const fail = (code: SynthesisCode, message: string): void => {
    if (isOver) return;
    isOver = true;
    handler.failed(new SynthesisError(code, message));
  };
  const send = (isAgain: boolean): void => {
    const sent = open(options.request, options.agent);
    const deadline = watchConnection(sent, options, fail);
    let hasHead = false;
    abort = () => {
      deadline();
      sent.destroy();
    };
    sent.on("response", (response) => {
      hasHead = true;
      deadline();
      receive(response, () => isOver, handler, fail);
    });
    sent.on("error", (error: NodeJS.ErrnoException) => {
      deadline();
      if (isOver || hasHead) return;
      if (sent.reusedSocket && !isAgain) return send(true);
      fail("SYNTHESIS_UNAVAILABLE", `no answer: ${error.code ?? error.message}`);
    });
    sent.end(options.request.body);
  };
  send(false);
  return () => {
    isOver = true;
    abort();
  };
}

function open({ url, headers, body }: VoiceRequest, agent: Agent): ClientRequest {
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  const length = String(Buffer.byteLength(body));
  return send(url, { method: "POST", agent, headers: { ...headers, "content-length": length } });
}

/** @returns what calls the watch off */
function watchConnection(
  sent: ClientRequest,
  { request, time, connectMsMax }: ExchangeOptions,
  fail: (code: SynthesisCode, message: string) => void,
): () => void {
  const timer = time.after(connectMsMax, () => {
    fail("SYNTHESIS_UNAVAILABLE", `no connection within ${connectMsMax} ms`);
    sent.destroy();
  });
  const connected = request.url.startsWith("https:") ? "secureConnect" : "connect";
  sent.on("socket", (socket: Socket) => {
    if (!socket.connecting) timer.cancel();
    else socket.once(connected, () => timer.cancel());
  });
  return () => timer.cancel();
}

function receive(
  response: IncomingMessage,
  isOver: () => boolean,
  handler: ExchangeHandler,
  fail: (code: SynthesisCode, message: string) => void,
): void {
  const contentType = (response.headers["content-type"] ?? "").toLowerCase();
  handler.head(response.statusCode ?? 0, contentType);
  response.on("data", (bytes: Buffer) => {
    if (!isOver()) handler.data(bytes);
  });
  response.on("end", () => {
    if (isOver()) return;
    if (response.complete) handler.end();
    else fail("SYNTHESIS_LOST", "the answer was cut off");
  });
  response.on("error", () => fail("SYNTHESIS_LOST", "the answer was cut off"));
}
