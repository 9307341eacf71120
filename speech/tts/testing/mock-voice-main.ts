/**
 * Entry of a mock voice: one server for the vendor that the argument names. It lives as long as its
 * parent. Started from a shell it prints its port and serves until it is ended:
 *
 *     node dist/speech/tts/testing/mock-voice-main.js '{"vendor":"openai","port":2701}'
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { nodeTime } from "../../../base/node-ports.js";
import type { VoiceVendorName } from "../../../config/schema.js";
import { serveElevenlabsStream } from "./mock-elevenlabs-stream.js";
import { mockExchange, type MockVoiceScenario } from "./mock-exchange.js";
import { mockVoices } from "./mock-voices.js";

export type MockVoiceSettings = {
  readonly vendor: Exclude<VoiceVendorName, "espeak">;
  readonly port?: number;
};

export type MockVoiceReport =
  | { readonly kind: "listening"; readonly port: number }
  /** A client went away before it had its answer. */
  | { readonly kind: "abandoned" }
  /** A request on a connection that had one before, or a new one. */
  | { readonly kind: "asked"; readonly isReused: boolean };

const settings = JSON.parse(process.argv[2] ?? "{}") as MockVoiceSettings;
const time = nodeTime();
const { vendor } = settings;
const seen = new WeakSet<object>();

const server = createServer((request, response) => {
  tell({ kind: "asked", isReused: seen.has(request.socket) });
  seen.add(request.socket);
  response.on("close", () => {
    if (!response.writableFinished) tell({ kind: "abandoned" });
  });
  let body = "";
  request.on("data", (bytes: Buffer) => (body += bytes.toString()));
  request.on("end", () => {
    if (vendor === "elevenlabs-stream") return void response.writeHead(426).end();
    try {
      mockVoices[vendor](mockExchange({ request, response }, body, time));
    } catch (error) {
      response.writeHead(400, { "content-type": "text/plain" }).end(String(error));
    }
  });
});

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
server.on("upgrade", (request, socket, head) => {
  const scenario = scenarioOf(request);
  const statuses: Partial<Record<MockVoiceScenario, number>> = {
    denied: 403,
    quota: 429,
    down: 503,
  };
  const isKey = request.headers["xi-api-key"] === "k";
  const status = isKey ? statuses[scenario] : 403;
  if (status !== undefined) {
    return void socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\n\r\n`);
  }
  sockets.handleUpgrade(request, socket, head, (accepted) => {
    tell({ kind: "asked", isReused: false });
    accepted.on("close", (code) => {
      if (code === 1006) tell({ kind: "abandoned" });
    });
    serveElevenlabsStream(accepted, scenario, time);
  });
});

function scenarioOf(request: IncomingMessage): MockVoiceScenario {
  const query = new URL(request.url ?? "/", "http://mock").searchParams;
  return (query.get("scenario") ?? "none") as MockVoiceScenario;
}

function tell(report: MockVoiceReport): void {
  if (process.send !== undefined) process.send(report);
  else if (report.kind === "listening") process.stdout.write(`${JSON.stringify(report)}\n`);
}

server.listen(settings.port ?? 0, "127.0.0.1", () => {
  tell({ kind: "listening", port: (server.address() as AddressInfo).port });
});
process.once("disconnect", () => process.exit(0));
