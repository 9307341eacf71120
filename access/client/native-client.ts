/**
 * The far end of a call over Voxtree native v1: browser softphones, load generators, the simulated
 * callee. A connection of its own, which is opened again when it is lost. `docs/protocol.md` is the
 * specification.
 */
import type { Rng } from "../../base/ports.js";
import { browserTime } from "./browser-time.js";
import type { ClientTime, MediaClient, OpenSocket } from "./media-client.js";
import { NativeCall, type NativeCallOptions } from "./native-call.js";
import { NativeConnection } from "./native-connection.js";

export type MediaClientOptions = NativeCallOptions & {
  /** e.g. `ws://127.0.0.1:8080/media/native/v1`. */
  readonly url: string;
  readonly socket: OpenSocket;
  readonly time?: ClientTime;
  /** Spreads attempts to come back. */
  readonly rng?: Rng;
  /** Default 4000: nothing came for so long, so the connection is lost. */
  readonly quietMsMax?: number;
};

const STREAM_ID = 1;
export const QUIET_MS_MAX = 4000;

/** Connects, and starts the call as soon as the socket is open. */
export function connectMediaClient(options: MediaClientOptions): MediaClient {
  const { url, socket, time = browserTime, rng, quietMsMax = QUIET_MS_MAX } = options;
  const connection = new NativeConnection({ url, socket, time, rng, quietMsMax, streamsMax: 1 });
  const leave = (code: number, reason: string): void => connection.close(code, reason);
  const call = new NativeCall({ call: options, streamId: STREAM_ID, time, connection, leave });
  connection.add(call);
  return call;
}
