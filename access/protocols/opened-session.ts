/** A session without a connection, and all that it says to either side, for tests and fuzzing. */
import { virtualTime } from "../../base/virtual-time.js";
import type { MediaProtocol, MediaSession, MediaSink, StreamStart } from "./media-protocol.js";

export type OpenedSession = {
  readonly session: MediaSession;
  /** What it sent to the peer. */
  readonly sent: (Uint8Array | string)[];
  readonly closes: { readonly code: number; readonly reason: string }[];
  readonly starts: StreamStart[];
  /** What it told the engine beside starts: kind first, then what the sink was given. */
  readonly told: unknown[][];
  /** Lets time pass. */
  readonly later: (ms: number) => void;
};

/** @param query of the URL the peer connected to */
export function openedSession(protocol: MediaProtocol, query = ""): OpenedSession {
  const sent: (Uint8Array | string)[] = [];
  const closes: { code: number; reason: string }[] = [];
  const starts: StreamStart[] = [];
  const told: unknown[][] = [];
  const time = virtualTime();
  const sink: MediaSink = {
    started: (one) => void starts.push(one),
    frame: (_id, payload, samples) => void told.push(["frame", payload.slice(), samples]),
    dtmf: (_id, digit) => void told.push(["dtmf", digit]),
    markReached: (_id, name, certainty) => void told.push(["mark", name, certainty]),
    room: () => void told.push(["room"]),
    ended: (_id, reason) => void told.push(["ended", reason]),
  };
  const session = protocol.open(
    (message) => void sent.push(message),
    sink,
    (code, reason) => void closes.push({ code, reason }),
    { query, nowMs: () => time.nowMs(), after: (delayMs, run) => time.after(delayMs, run) },
  );
  return { session, sent, closes, starts, told, later: (ms) => time.advance(ms) };
}
