/**
 * Entry of a mock vendor: one WebSocket server for the vendor that the argument names. It lives as
 * long as its parent. Started from a shell it prints its port and serves until it is ended:
 *
 *     node dist/speech/asr/testing/mock-vendor-main.js '{"vendor":"websocket-json","port":2700}'
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { nodeTime } from "../../../base/node-ports.js";
import type { RecognitionVendorName } from "../../../config/schema.js";
import { mockConnection } from "./mock-connection.js";
import { mockVendors } from "./mock-registry.js";

export type MockSettings = {
  readonly vendor: RecognitionVendorName;
  readonly port?: number;
  /** How long after its audio a text comes. */
  readonly delayMs?: number;
};

export type MockReport = { readonly port: number };

const settings = JSON.parse(process.argv[2] ?? "{}") as MockSettings;
const { serve, quotaStatus } = mockVendors[settings.vendor];
const server = createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const time = nodeTime();

server.on("upgrade", (request, socket, head) => {
  const scenario = new URL(request.url ?? "/", "ws://mock").searchParams.get("scenario");
  const status = scenario === "denied" ? 401 : scenario === "quota" ? quotaStatus : undefined;
  if (status !== undefined) {
    socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\n\r\n`);
    return;
  }
  sockets.handleUpgrade(request, socket, head, (accepted) => {
    serve(mockConnection(accepted, request, { time, delayMs: settings.delayMs ?? 0 }));
  });
});
server.listen(settings.port ?? 0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  const report: MockReport = { port };
  if (process.send === undefined) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.send(report);
});
process.once("disconnect", () => process.exit(0));
