/** Which driver carries the sockets: the one that was named, or the best that is there. */
import { EngineError } from "../../base/errors.js";
import { createLeanTransport } from "./lean/lean-transport.js";
import type { TransportName } from "../../config/schema.js";
import type { Transport } from "./transport.js";
import { importUws } from "./uws/uws-api.js";
import { createUwsTransport } from "./uws/uws-transport.js";
import { createWsTransport } from "./ws-transport.js";

/**
 * @param warn told when `uWebSockets.js` is installed and yet cannot be used
 * @throws {EngineError} `TRANSPORT_MISSING` when `uws` was named and cannot be imported
 */
export async function chooseTransport(
  name: TransportName,
  warn: (why: string) => void,
  load: typeof importUws = importUws,
): Promise<Transport> {
  switch (name) {
    case "lean":
      return createLeanTransport();
    case "ws":
      return createWsTransport();
    case "uws":
      try {
        return createUwsTransport(await load());
      } catch (cause) {
        throw missing(cause);
      }
    case "auto":
      try {
        return createUwsTransport(await load());
      } catch (cause) {
        if (!isNotInstalled(cause)) warn(missing(cause).message);
        return createLeanTransport();
      }
  }
}

function isNotInstalled(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === "ERR_MODULE_NOT_FOUND";
}

function missing(cause: unknown): EngineError {
  const why = isNotInstalled(cause) ? "it is not installed" : String((cause as Error).message);
  const message =
    `uWebSockets.js cannot be used: ${why}; install it from its repository for ` +
    `Node ${process.versions.node}, or set gateway.transport to lean`;
  return new EngineError("TRANSPORT_MISSING", message, { node: process.versions.node }, { cause });
}
