/**
 * Whether a socket is let in: by its path, by the room there is, and by whether we drain and nobody
 * is expected any more. While a phone rings its media may come, also when we drain. Pure.
 */
import type { MediaProtocol } from "../../access/protocols/media-protocol.js";
import { protocolOfPath } from "../../access/protocols/media-protocols.js";
import type { UpgradeAnswer, UpgradeRequest } from "../../access/transports/transport.js";

/** @returns 404 with the paths there are, 503 while full or draining, or the subprotocol to echo */
export function judgeUpgrade(
  request: UpgradeRequest,
  state: {
    readonly protocols: readonly MediaProtocol[];
    readonly isFull: boolean;
    readonly isDraining: boolean;
    /** A call that was started waits for its media. */
    readonly isExpecting: boolean;
    /** It came by a plain TCP connection. */
    readonly isTcp?: boolean;
  },
): UpgradeAnswer {
  const { protocols, isFull, isDraining, isExpecting, isTcp = false } = state;
  const protocol = protocolOfPath(protocols, request.path);
  if (protocol === undefined || (protocol.isTcp === true) !== isTcp) {
    const there = protocols.filter((one) => (one.isTcp === true) === isTcp);
    const paths = there.map(({ path }) => path).join(", ");
    const reason = `No media protocol at ${request.path.slice(0, 80)}; there is ${paths}.`;
    return { ok: false, status: 404, reason };
  }
  if (isFull || (isDraining && !isExpecting)) {
    const reason = isFull ? "All media connections are taken." : "This node takes no new calls.";
    return { ok: false, status: 503, reason, retryAfterSeconds: 5 };
  }
  const subprotocol = agreedSubprotocol(protocol, request);
  return subprotocol === undefined ? { ok: true } : { ok: true, subprotocol };
}

/** The first that the client offers and the protocol knows. */
export function agreedSubprotocol(
  { subprotocol, subprotocols = [] }: MediaProtocol,
  request: UpgradeRequest,
): string | undefined {
  return request.subprotocols.find((one) => one === subprotocol || subprotocols.includes(one));
}
