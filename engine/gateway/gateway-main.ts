/** Entry of a gateway thread. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../base/assert.js";
import { toErrorData } from "../../base/errors.js";
import { nodeTime } from "../../base/node-ports.js";
import { openOpus } from "../../codecs/audio/opus.js";
import { mediaProtocols } from "../../access/protocols/media-protocols.js";
import { chooseTransport } from "../../access/transports/choose-transport.js";
import type { GatewayConfig } from "../../config/schema.js";
import type { GatewayCommand, GatewayReport } from "../control/messages.js";
import { Gateway } from "./gateway.js";

assert(parentPort !== null, "a gateway runs in a thread");
const port = parentPort;

function report(what: GatewayReport): void {
  port.postMessage(what);
  if (what.kind === "stopped" || what.kind === "failed") port.close();
}

async function create(): Promise<Gateway> {
  const config = workerData as GatewayConfig;
  // The other driver that auto may choose has no TLS here.
  const isLean = config.tls !== undefined && config.transport === "auto";
  const transport = await chooseTransport(isLean ? "lean" : config.transport, (why) =>
    report({ kind: "log", level: "warn", message: "the lean transport is used", fields: { why } }),
  );
  const { streamsMax, messageBytesMax } = config;
  const protocols = mediaProtocols({ streamsMax, messageBytesMax }, openOpus);
  return new Gateway({ config, time: nodeTime(), transport, protocols, report });
}

const creating = create();
// The port is read at once, and what comes before the gateway is there waits for it, in order.
port.on("message", (command: GatewayCommand) => {
  creating.then(
    (gateway) => gateway.receive(command),
    // Reported below, once.
    () => undefined,
  );
});
creating.catch((error: unknown) => report({ kind: "failed", error: toErrorData(error) }));
