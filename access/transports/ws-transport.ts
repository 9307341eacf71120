/**
 * The reference driver of the transport port, on the `ws` package. Compression is off: audio does
 * not shrink, and it would cost a zlib context per call.
 */
import { WebSocketServer } from "ws";
import { listenOnHttp, type Adopt } from "./http-listener.js";
import type { SweptConnection } from "./listening.js";
import type { ListenOptions, Transport } from "./transport.js";
import { WsConnection } from "./ws-connection.js";

/** Parts of a message: enough for any real client, few enough to bound their overhead. */
const FRAGMENTS_MAX = 1024;

export function createWsTransport(): Transport {
  return { name: "ws", listen: (options) => listenOnHttp(options, adoptWith(options)) };
}

function adoptWith({ messageBytesMax, bufferedBytesMax, time }: ListenOptions): Adopt {
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
    maxFragments: FRAGMENTS_MAX,
    autoPong: false,
  });
  return ({ place, message, socket, head, subprotocol }) => {
    // `handleUpgrade` asks for the subprotocol, and opens or refuses, before it returns.
    webSockets.options.handleProtocols = (offered) =>
      subprotocol !== undefined && offered.has(subprotocol) ? subprotocol : false;
    let connection: SweptConnection | undefined;
    webSockets.handleUpgrade(message, socket, head, (webSocket) => {
      connection = new WsConnection(webSocket, { ...place, bufferedBytesMax, time });
    });
    return connection;
  };
}
