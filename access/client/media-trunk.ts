/**
 * Many calls on one connection of the native protocol, e.g. of a media gateway that has thousands.
 * When it is lost, every call on it takes itself up on the next one.
 */
import { EngineError } from "../../base/errors.js";
import type { Rng } from "../../base/ports.js";
import { browserTime } from "./browser-time.js";
import type { ClientTime, MediaClient, OpenSocket } from "./media-client.js";
import { NativeCall, type NativeCallOptions } from "./native-call.js";
import { QUIET_MS_MAX } from "./native-client.js";
import { NativeConnection } from "./native-connection.js";

export type MediaTrunkOptions = {
  /** e.g. `ws://127.0.0.1:8080/media/native/v1`. */
  readonly url: string;
  readonly socket: OpenSocket;
  /** The connection is over, and with it every call that was on it. Told once. */
  readonly closed?: (code: number, reason: string) => void;
  readonly time?: ClientTime;
  /** Spreads attempts to come back. */
  readonly rng?: Rng;
  /** Default 4000: nothing came for so long, so the connection is lost. */
  readonly quietMsMax?: number;
};

/** The far end of many calls. */
export interface MediaTrunk {
  readonly callCount: number;
  /**
   * Starts a call; it waits until the connection is there.
   *
   * @throws {EngineError} `CLIENT_CLOSED` when the connection is over, `CLIENT_STREAMS` when the
   *   engine takes no more calls on one connection
   */
  start(call: NativeCallOptions): MediaClient;
  /** Closes the connection; the calls on it end. */
  close(reason?: string): void;
}

/** Connects; calls may be started at once. */
export function connectMediaTrunk(options: MediaTrunkOptions): MediaTrunk {
  return new Trunk(options);
}

/** As many as a stream id can name. */
const STREAMS_MAX = 0xffff_ffff;

class Trunk implements MediaTrunk {
  readonly #time: ClientTime;
  readonly #connection: NativeConnection;
  #lastStreamId = 0;

  constructor(options: MediaTrunkOptions) {
    const { url, socket, closed, time = browserTime, rng, quietMsMax = QUIET_MS_MAX } = options;
    this.#time = time;
    this.#connection = new NativeConnection({
      url,
      socket,
      time,
      rng,
      quietMsMax,
      streamsMax: STREAMS_MAX,
      ...(closed === undefined ? {} : { over: closed }),
    });
  }

  get callCount(): number {
    return this.#connection.callCount;
  }

  start(options: NativeCallOptions): MediaClient {
    const connection = this.#connection;
    this.#checkRoom();
    const streamId = (this.#lastStreamId += 1);
    const call: NativeCall = new NativeCall({
      call: options,
      streamId,
      time: this.#time,
      connection,
      leave(code, reason) {
        connection.remove(streamId);
        call.gone(code, reason);
      },
    });
    connection.add(call);
    return call;
  }

  close(reason = "close"): void {
    this.#connection.close(1000, reason);
  }

  #checkRoom(): void {
    const { isOver, callCount, peerStreamsMax = Infinity } = this.#connection;
    if (isOver) {
      throw new EngineError("CLIENT_CLOSED", "the trunk is closed: connect another one");
    }
    if (callCount < peerStreamsMax) return;
    throw new EngineError(
      "CLIENT_STREAMS",
      `${callCount} calls are on this connection, which is all that the engine takes on one`,
      { callCount, peerStreamsMax },
    );
  }
}
