/** A leg, where it is connected, and the way its frames go: both change when they are lost. */
import type { Timer } from "../../base/ports.js";
import type { LegNotice } from "../control/messages.js";
import type { FrameRoute } from "./frame-route.js";
import type { GatewayLeg } from "./gateway-leg.js";
import type { LegConnection } from "./leg-connection.js";
import type { MediaSocket } from "./media-socket.js";

export type Seat = {
  readonly leg: GatewayLeg;
  readonly connection: LegConnection;
  /** Undefined while its connection is lost. */
  socket: MediaSocket | undefined;
  route: FrameRoute;
  readonly protocolName: string;
  /** The token it was let in with. Secret. */
  readonly firstToken: string;
  graceTimer: Timer | undefined;
  /** Streamed speech was cut by the loss of a shard, and nobody has said anything since. */
  isStreamCut: boolean;
};

/** What its shard is told when the connection has changed. */
export function legChanged(
  { leg: { slot }, connection: { isAway, change } }: Seat,
  atMs: number,
): LegNotice {
  return { kind: isAway ? "legAway" : "legBack", slot, atMs, change };
}
