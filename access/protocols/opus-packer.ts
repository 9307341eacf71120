/**
 * Frames of one stream on their way into Opus packets, for either end: one packet may hold several
 * frames, so that less is spent on headers. What waits goes out when its packet is full, when the
 * next frame belongs to something else, or when none comes in time. Free of Node.
 */
import type { Clock, Scheduler, Timer } from "../../base/ports.js";
import { OPUS_PACKET_MS, OPUS_PACKET_MS_MAX, type OpusLine } from "../../codecs/audio/opus-line.js";

export type OpusPackerOptions = {
  readonly line: OpusLine;
  readonly frameBytes: number;
  readonly frameSamples: number;
  readonly frameMs: number;
  readonly time: Pick<Clock, "nowMs"> & Pick<Scheduler, "after">;
  /** @param samples media time of the packet's first frame; the packet is valid during the call */
  readonly send: (packet: Uint8Array, utterance: number, samples: number) => void;
};

export class OpusPacker {
  readonly #options: OpusPackerOptions;
  readonly #frames: Uint8Array;
  #packetMs: number;
  #count = 0;
  #utterance = 0;
  /** Media time of the first frame that waits. */
  #samples = 0;
  #sinceMs = 0;
  #timer: Timer | undefined;
  /** When all that was sent has sounded, at the earliest. */
  #endMs = 0;
  #latencyMs = 0;

  /** One frame a packet, unless `packetMs` says more. */
  constructor(options: OpusPackerOptions) {
    this.#options = options;
    this.#packetMs = options.frameMs;
    this.#frames = new Uint8Array((OPUS_PACKET_MS_MAX / options.frameMs) * options.frameBytes);
  }

  /** How long a packet is from the next one on; whole frames, a length that Opus has. */
  set packetMs(packetMs: number) {
    this.#packetMs = packetMs;
  }

  /** How much later what is sent sounds than without packets: what a burst's first one waited. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** Takes the next frame; copies it. */
  add(frame: Uint8Array, utterance: number, samples: number): void {
    const { frameBytes, frameSamples, frameMs, time } = this.#options;
    const isNext = samples === this.#samples + this.#count * frameSamples;
    if (this.#count > 0 && !(isNext && utterance === this.#utterance)) this.flush();
    if (this.#count === 0) {
      [this.#utterance, this.#samples, this.#sinceMs] = [utterance, samples, time.nowMs()];
    }
    this.#frames.set(frame, this.#count * frameBytes);
    this.#count += 1;
    if (this.#count * frameMs >= this.#packetMs) return this.flush();
    this.#timer ??= time.after(this.#packetMs, () => this.flush());
  }

  /** Sends what waits. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { line, frameBytes, frameSamples, frameMs, send } = this.#options;
    this.#followClock(this.#count * frameMs);
    let sent = 0;
    while (sent < this.#count) {
      const frames = longest((this.#count - sent) * frameMs) / frameMs;
      const bytes = this.#frames.subarray(sent * frameBytes, (sent + frames) * frameBytes);
      send(line.encode(bytes), this.#utterance, this.#samples + sent * frameSamples);
      sent += frames;
    }
    this.#count = 0;
  }

  /** A clear: what waits of these utterances is not sent, and nothing sounds any more. */
  clear(utterance: number): void {
    if (this.#utterance <= utterance) this.close();
    this.#endMs = 0;
  }

  /** Forgets what waits. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#count = 0;
  }

  #followClock(lengthMs: number): void {
    if (lengthMs === 0) return;
    const nowMs = this.#options.time.nowMs();
    // Behind something that sounds still, nobody notices.
    if (this.#sinceMs >= this.#endMs) this.#latencyMs = nowMs - this.#sinceMs;
    this.#endMs = Math.max(this.#endMs, nowMs) + lengthMs;
  }
}

function longest(ms: number): number {
  return OPUS_PACKET_MS.findLast((packetMs) => packetMs <= ms)!;
}
