/** Entry of a gateway thread. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../base/assert.js";
import { toErrorData } from "../../base/errors.js";
import { nodeTime } from "../../base/node-ports.js";
import { mediaProtocols } from "../../access/protocols/media-protocols.js";
import { createWsTransport } from "../../access/transports/ws-transport.js";
import type { GatewayConfig } from "../../config/schema.js";
import type { GatewayCommand, GatewayReport } from "../control/messages.js";
import { Gateway } from "./gateway.js";

assert(parentPort !== null, "a gateway runs in a thread");
const port = parentPort;

const gateway = new Gateway({
  config: workerData as GatewayConfig,
  time: nodeTime(),
  transport: createWsTransport(),
  protocols: mediaProtocols(),
  report(report: GatewayReport) {
    port.postMessage(report);
    if (report.kind === "stopped") port.close();
  },
});
port.on("message", (command: GatewayCommand) => gateway.receive(command));
gateway.start().catch((error: unknown) => {
  port.postMessage({ kind: "failed", error: toErrorData(error) } satisfies GatewayReport);
  port.close();
});
