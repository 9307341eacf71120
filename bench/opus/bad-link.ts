/**
 * A native call in Opus over a link that gets narrow for a while, in virtual time: the real
 * session and the real client, and between them a queue that lets only so many bits through. What
 * comes out at the far end is laid down when it sounds, so that a gap is silence; at the engine by
 * media time, as in a recording.
 */
import type { SocketLike } from "../../access/client/media-client.js";
import { connectMediaClient } from "../../access/client/native-client.js";
import type { MediaSink } from "../../access/protocols/media-protocol.js";
import { memoryLink } from "../../access/protocols/memory-link.js";
import { nativeProtocol } from "../../access/protocols/native-session.js";
import type { OpusChange } from "../../access/protocols/opus-leg.js";
import { virtualTime, type VirtualTime } from "../../base/virtual-time.js";
import { openOpus } from "../../codecs/audio/opus.js";

/** When the link is narrow, and how wide it is then and before: bits a second. */
export type Link = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly narrowBps: number;
  readonly wideBps: number;
};

export type Direction = "out" | "in";

export type Passage = {
  /** As it sounds at the far end, from the first frame on: 16 kHz. */
  readonly heard: Int16Array;
  /** The same of a part of the speech, by its place in what was said. */
  part(fromSamples: number, toSamples: number): Int16Array;
  readonly log: readonly (OpusChange & { readonly atSeconds: number })[];
  /** Silence between frames of what was said without a pause. */
  readonly gapsMs: number;
  /** The longest that anything waited for the link. */
  readonly queuedMsMax: number;
};

const rateHz = 16_000;
const frameMs = 20;
const frameSamples = (rateHz * frameMs) / 1000;
/** TCP, IP and WebSocket around a message. */
const headerBytes = 46;
/** What is longer in a queue than this is laid down all the same. */
const tailMs = 3000;

/** Lets messages through at the width that the link has, one behind the other. */
class NarrowLink {
  readonly #time: VirtualTime;
  readonly #link: Link;
  #freeMs = 0;
  queuedMsMax = 0;

  constructor(time: VirtualTime, link: Link) {
    this.#time = time;
    this.#link = link;
  }

  get queuedMs(): number {
    return Math.max(0, this.#freeMs - this.#time.nowMs());
  }

  get queuedBytes(): number {
    return (this.queuedMs * this.#bitsPerSecond) / 8000;
  }

  pass(bytes: number, run: () => void): void {
    const lengthMs = ((bytes + headerBytes) * 8000) / this.#bitsPerSecond;
    this.#freeMs = Math.max(this.#freeMs, this.#time.nowMs()) + lengthMs;
    this.queuedMsMax = Math.max(this.queuedMsMax, this.queuedMs);
    this.#time.after(this.queuedMs, run);
  }

  get #bitsPerSecond(): number {
    const { fromMs, toMs, narrowBps, wideBps } = this.#link;
    const nowMs = this.#time.nowMs();
    return nowMs >= fromMs && nowMs < toMs ? narrowBps : wideBps;
  }
}

/** Of one frame. */
type Heard = { readonly samples: Int16Array; readonly mediaSamples: number; readonly atMs: number };

/** Says it all through the link: `out` from the engine to a client, `in` the other way. */
export function passThrough(speech: Int16Array, link: Link, direction: Direction): Passage {
  const time = virtualTime();
  const narrow = new NarrowLink(time, link);
  const heard: Heard[] = [];
  const log: (OpusChange & { atSeconds: number })[] = [];
  const keep = (payload: Uint8Array, mediaSamples: number, atMs: number): void => {
    const { buffer } = payload.slice();
    heard.push({ samples: new Int16Array(buffer), mediaSamples, atMs });
  };
  const sink: MediaSink = {
    started: () => undefined,
    frame: (_id, payload, samples) => {
      // As a recording has it: by media time, whenever it came.
      if (direction === "in") keep(payload, samples, (samples * 1000) / rateHz);
    },
    dtmf: () => undefined,
    markReached: () => undefined,
    rateChanged: (_id, change) => log.push({ atSeconds: time.nowMs() / 1000, ...change }),
    ended: () => undefined,
  };
  const { session, client } = connected({ time, narrow, sink, direction, keep });
  for (let at = 0; at + frameSamples <= speech.length; at += frameSamples) {
    const frame = new Uint8Array(speech.slice(at, at + frameSamples).buffer);
    if (direction === "out") session.sendFrame(1, frame, 1);
    else client.sendFrame(frame);
    time.advance(frameMs);
  }
  time.advance(tailMs);
  client.hangup();
  return { ...laidDown(heard), log, queuedMsMax: Math.round(narrow.queuedMsMax) };
}

function connected(options: {
  readonly time: VirtualTime;
  readonly narrow: NarrowLink;
  readonly sink: MediaSink;
  readonly direction: Direction;
  readonly keep: (payload: Uint8Array, mediaSamples: number, atMs: number) => void;
}) {
  const { time, narrow, sink, direction, keep } = options;
  const native = nativeProtocol({ opus: openOpus });
  const protocol: typeof native = {
    ...native,
    open: (send, one, close, peer) => {
      const slow = (message: Uint8Array | string): void =>
        narrow.pass(message.length, () => send(message));
      const queuedBytes = (): number => (direction === "out" ? narrow.queuedBytes : 0);
      return native.open(direction === "out" ? slow : send, one, close, { ...peer, queuedBytes });
    },
  };
  const link = memoryLink(protocol, sink, time);
  const client = connectMediaClient({
    ...{ url: "ws://memory/media/native/v1", callId: "c", token: "t", time, opus: openOpus },
    format: { codec: "l16", rateHz },
    socket: (url, protocols) =>
      direction === "in" ? slowed(link.open(url, protocols), narrow) : link.open(url, protocols),
    listener: {
      played: ({ payload, mediaSamples, playedMs }) => {
        if (direction === "out") keep(payload, mediaSamples, playedMs);
      },
    },
  });
  time.settle();
  time.advance(50);
  link.session().ready(1);
  time.settle();
  time.advance(50);
  return { session: link.session(), client };
}

/** A client's socket whose messages wait for the link. */
function slowed(socket: SocketLike, narrow: NarrowLink): SocketLike {
  const send = socket.send.bind(socket);
  socket.send = (message) => {
    const copy = typeof message === "string" ? message : message.slice();
    narrow.pass(copy.length, () => send(copy));
  };
  return socket;
}

function laidDown(heard: readonly Heard[]): Pass {
  const first = heard[0]?.atMs ?? 0;
  const placeOf = ({ atMs }: Heard): number => Math.round(((atMs - first) * rateHz) / 1000);
  const lay = (frames: readonly Heard[]): Int16Array => {
    if (frames.length === 0) return new Int16Array();
    const start = placeOf(frames[0]!);
    let at = 0;
    const places = frames.map(
      (one) => (at = Math.max(at, placeOf(one) - start) + one.samples.length) - one.samples.length,
    );
    const all = new Int16Array(at);
    frames.forEach(({ samples }, index) => all.set(samples, places[index]));
    return all;
  };
  const whole = lay(heard);
  const said = heard.reduce((sum, { samples }) => sum + samples.length, 0);
  return {
    heard: whole,
    part: (from, to) => lay(heard.filter(({ mediaSamples: at }) => at >= from && at < to)),
    gapsMs: Math.round(((whole.length - said) * 1000) / rateHz),
  };
}

type Pass = Pick<Passage, "heard" | "part" | "gapsMs">;
