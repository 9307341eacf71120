/**
 * Opus on one stream of the native protocol, the engine's end: packets out at a rate that follows
 * the link, by what the peer reports and what waits to be sent; and the rate at which the peer
 * should send, by how its frames come in.
 */
import { OPUS_RATES, type OpusRate } from "../../codecs/audio/opus-line.js";
import type { ReportMessage } from "../../codecs/wire/native-control.js";
import { AdaptiveRate, type RateChange } from "./adaptive-rate.js";
import { InboundLink } from "./inbound-link.js";
import type { MediaFigures } from "./media-figures.js";
import { OpusPacker, type OpusPackerOptions } from "./opus-packer.js";

/** A change of the rate, for a log. */
export type OpusChange = RateChange &
  OpusRate & {
    /** What we send, or what we ask the peer for. */
    readonly direction: "out" | "in";
  };

export type OpusLegOptions = OpusPackerOptions & {
  readonly rateHz: number;
  /** Length of a packet on a good link. */
  readonly packetMs: number;
  /** What waits on the connection, as far as it is this stream's. */
  readonly queuedBytes: () => number;
  /** Bytes around each packet. */
  readonly headerBytes: number;
  readonly changed: (change: OpusChange) => void;
};

export class OpusLeg {
  readonly packer: OpusPacker;
  readonly #options: OpusLegOptions;
  readonly #secondFrames: number;
  readonly #adaptive = new AdaptiveRate(OPUS_RATES.length);
  readonly #inbound: InboundLink;
  #outRate = OPUS_RATES[0]!;
  #inRate = OPUS_RATES[0]!;
  #changes = 0;
  #frames = 0;
  /** Of the second that is not over. */
  #sentBytes = 0;
  #late = 0;
  #received = 0;

  constructor(options: OpusLegOptions) {
    this.#options = options;
    this.#secondFrames = 1000 / options.frameMs;
    this.#inbound = new InboundLink({ ...options, levelCount: OPUS_RATES.length });
    this.packer = new OpusPacker({
      ...options,
      send: (packet, utterance, samples) => {
        this.#sentBytes += options.headerBytes + packet.length;
        options.send(packet, utterance, samples);
      },
    });
    this.packer.packetMs = options.packetMs;
  }

  get figures(): NonNullable<MediaFigures["opus"]> {
    return {
      outBitsPerSecond: this.#outRate.bitsPerSecond,
      inBitsPerSecond: this.#inRate.bitsPerSecond,
      changes: this.#changes,
    };
  }

  send(frame: Uint8Array, utterance: number, samples: number): void {
    this.#frames += 1;
    if (this.#frames % this.#secondFrames === 0) this.#second();
    this.packer.add(frame, utterance, samples);
  }

  /** What the peer says of the audio that it got since its last report. */
  report({ late, received }: Readonly<ReportMessage>): void {
    this.#late += late;
    this.#received += received;
  }

  /** A frame of the peer came in. @returns the rate to ask it for from here on, if another one */
  heard(mediaSamples: number): OpusRate | undefined {
    const change = this.#inbound.frame(mediaSamples, this.#options.time.nowMs());
    if (change === undefined) return undefined;
    const rate = OPUS_RATES[change.level]!;
    this.#inRate = rate;
    this.#changes += 1;
    this.#options.changed({ ...change, ...rate, direction: "in" });
    return rate;
  }

  #second(): void {
    const { queuedBytes, packetMs, line, changed } = this.#options;
    const queuedMs = (queuedBytes() * 1000) / Math.max(1, this.#sentBytes);
    const lateShare = this.#received === 0 ? 0 : this.#late / this.#received;
    [this.#late, this.#received, this.#sentBytes] = [0, 0, 0];
    const change = this.#adaptive.second({ lateShare, queuedMs });
    if (change === undefined) return;
    const rate = OPUS_RATES[change.level]!;
    this.#outRate = rate;
    this.#changes += 1;
    line.setRate(rate);
    this.packer.packetMs = Math.max(packetMs, rate.packetMs);
    changed({ ...change, ...rate, direction: "out" });
  }
}
