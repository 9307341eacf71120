/**
 * Entry of the floor: a server that does nothing but send back what it gets, on the transport the
 * gateway uses. No engine can cost less than this with the same sockets.
 */
import { chooseTransport } from "../../access/transports/choose-transport.js";
import type { Listener } from "../../access/transports/transport.js";
import { nodeTime } from "../../base/node-ports.js";
import { defaultConfig } from "../../config/default-config.js";
import type { TransportName } from "../../config/schema.js";
import { serveParent } from "../support/child-side.js";

export type FloorAsks = {
  /** Sends back this share of the frames, evenly: as many as the engine would have sent. */
  readonly listen: {
    readonly ask: { readonly echoShare: number; readonly transport: TransportName };
    readonly answer: { readonly port: number; readonly transport: string };
  };
};

let listener: Listener | undefined;

serveParent<FloorAsks, never>(
  {
    async listen({ echoShare, transport: name }) {
      const { gateway } = defaultConfig();
      const transport = await chooseTransport(name, () => undefined);
      listener = await transport.listen({
        host: "127.0.0.1",
        port: 0,
        messageBytesMax: gateway.messageBytesMax,
        bufferedBytesMax: gateway.bufferedBytesMax,
        handshakeMsMax: gateway.handshakeMsMax,
        idleMsMax: gateway.idleMsMax,
        time: nodeTime(),
        accept: ({ subprotocols: [subprotocol] }) =>
          subprotocol === undefined ? { ok: true } : { ok: true, subprotocol },
        connected(connection) {
          // Connections begin at different places, so that they do not answer in step.
          let owed = (connection.id * 0.37) % 1;
          connection.listen({
            message(data) {
              owed += echoShare;
              if (owed < 1) return;
              owed -= 1;
              // The view is valid during the call only, and what is sent belongs to the transport.
              connection.send(typeof data === "string" ? data : new Uint8Array(data));
            },
            closed: () => undefined,
          });
        },
      });
      return { port: listener.port, transport: transport.name };
    },
  },
  async () => listener?.close(),
);
