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
import { mockVendors, type MockVendorName } from "./mock-registry.js";

export type MockSettings = {
  readonly vendor: MockVendorName;
  readonly port?: number;
  /** How long after its audio a text comes. */
  readonly delayMs?: number;
};

export type MockReport = { readonly port: number };

const settings = JSON.parse(process.argv[2] ?? "{}") as MockSettings;
const serve = mockVendors[settings.vendor];
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
const time = nodeTime();
sockets.on("connection", (socket, request) => {
  serve({ socket, request, time, delayMs: settings.delayMs ?? 0 });
});
server.listen(settings.port ?? 0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  const report: MockReport = { port };
  if (process.send === undefined) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.send(report);
});
process.once("disconnect", () => process.exit(0));
