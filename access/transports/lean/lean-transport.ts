/**
 * The lean driver of the transport port: Node's `http` for the handshake, its socket for the rest,
 * and nothing in between but frames. docs/decisions/0007 says what that is worth.
 */
import { listenOnHttp, type Adopt } from "../http-listener.js";
import type { ListenOptions, Transport } from "../transport.js";
import { openingResponse } from "../upgrade.js";
import { FrameSlab } from "./frame-slab.js";
import { LeanConnection } from "./lean-connection.js";

export function createLeanTransport(): Transport {
  return { name: "lean", listen: (options) => listenOnHttp(options, adoptWith(options)) };
}

function adoptWith({ messageBytesMax, bufferedBytesMax, time }: ListenOptions): Adopt {
  const slab = new FrameSlab();
  const shared = { slab, messageBytesMax, bufferedBytesMax, time };
  return ({ place, message, socket, head, subprotocol }) => {
    socket.write(openingResponse(message, subprotocol));
    // Before anybody reads, or it would be read before anybody listens.
    if (head.length > 0) socket.unshift(head);
    return new LeanConnection({ ...place, ...shared, socket });
  };
}
