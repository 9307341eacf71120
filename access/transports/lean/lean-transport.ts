/**
 * The lean driver of the transport port: Node's `http` for the handshake, its socket for the rest,
 * and nothing in between but frames. docs/decisions/0007 says what that is worth.
 */
import { listenOnHttp, type Adopt } from "../http-listener.js";
import type { ListenOptions, Transport } from "../transport.js";
import { openingResponse } from "../upgrade.js";
import { FrameSlab } from "./frame-slab.js";
import { LeanConnection } from "./lean-connection.js";
import { MessageViews } from "./message-views.js";
import { SharedReads } from "./shared-reads.js";

export function createLeanTransport(): Transport {
  return { name: "lean", listen: (options) => listenOnHttp(options, adoptWith(options)) };
}

function adoptWith({ messageBytesMax, bufferedBytesMax, time }: ListenOptions): Adopt {
  const slab = new FrameSlab();
  const sharedReads = new SharedReads();
  const shared = { slab, views: new MessageViews(), messageBytesMax, bufferedBytesMax, time };
  return ({ place, message, socket, head, subprotocol }) => {
    const reads = sharedReads.move(socket);
    reads.socket.write(openingResponse(message, subprotocol));
    const connection = new LeanConnection({ ...place, ...shared, reads });
    // After somebody listens to it, before anything more is read.
    if (head.length > 0) queueMicrotask(() => connection.take(head, head.length));
    return connection;
  };
}
