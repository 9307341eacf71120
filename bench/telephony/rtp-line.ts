/**
 * The audio of a SIP call at the callee: G.711 over RTP as a `MediaClient`, so that everything that
 * listens and speaks for simulated callees works over a telephone, too. It measures what arrives.
 */
import { createSocket, type Socket } from "node:dgram";
import type { MediaClient } from "../../access/client/media-client.js";
import { PlayoutBuffer } from "../../access/client/playout-buffer.js";
import type { Time, Timer } from "../../base/ports.js";
import { codecOf, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import { rmsDbfs } from "../../codecs/audio/level.js";
import type { MediaConnectionListener } from "../../engine/loopback/media-connection.js";
import { endedKey, formatRtp, keyEvent, parseRtp, type RtpPacket } from "./rtp-packet.js";

export const lineFormat: AudioFormat = { codec: "pcmu", rateHz: 8000 };

const frameMs = 20;
const frameSamples = 160;
const audio = 0;
const event = 101;
/** What a telephone keeps to ride out uneven arrival. */
const jitterMs = 40;
const framesMax = 1000;
const audibleDbfs = -50;
/** A key is pressed for 100 ms, and its end is said three times, as a lost packet would hold it. */
const keySteps = 5;

/** What came over the line. */
export type LineMeasures = {
  /** Between packets whose audio is contiguous. */
  readonly gapsMs: readonly number[];
  /** From the answer to the first packet that can be heard; undefined: none came. */
  readonly firstAudibleMs: number | undefined;
  readonly packets: number;
  /** Keys that came as events. */
  readonly keys: string;
  /** When the callee put the phone down; undefined: they did not. */
  readonly hungUpEpochMs?: number;
};

export class RtpLine {
  readonly client: MediaClient;
  readonly #time: Time;
  readonly #socket: Socket;
  readonly #source: number;
  readonly #gapsMs: number[] = [];
  readonly #samples = new Int16Array(frameSamples);
  #listener: MediaConnectionListener | undefined;
  #buffer: PlayoutBuffer | undefined;
  #remote: { readonly host: string; readonly port: number } | undefined;
  #answeredMs = 0;
  #firstAudibleMs: number | undefined;
  #last: { readonly timestamp: number; readonly arrivedMs: number } | undefined;
  #lastKeyTimestamp: number | undefined;
  #sequence = 0;
  #timestamp = 0;
  #packets = 0;
  #keys = "";
  #hungUpEpochMs: number | undefined;
  #isClosed = false;
  #keyTimer: Timer | undefined;

  /** @param hangup ends the SIP call */
  constructor(time: Time, source: number, hangup: () => void) {
    this.#time = time;
    this.#source = source;
    this.#socket = createSocket("udp4");
    this.#socket.on("message", (bytes) => this.#take(bytes));
    this.#socket.on("error", () => undefined);
    this.client = {
      format: lineFormat,
      frameMs,
      frameBytes: frameSamples,
      sendFrame: (payload) => this.#sendFrame(payload),
      sendDtmf: (digit) => this.#press(digit, 0),
      hangup: () => hangup(),
    };
  }

  /** Resolves with the port that it listens on. */
  async open(host: string): Promise<number> {
    await new Promise<void>((resolve) => this.#socket.bind(0, host, resolve));
    return this.#socket.address().port;
  }

  /** Audio flows from now on. */
  answer(remote: { readonly host: string; readonly port: number }): void {
    this.#remote = remote;
    this.#answeredMs = this.#time.nowMs();
  }

  /** Whoever listens and speaks. */
  listen(listener: MediaConnectionListener): void {
    this.#listener = listener;
    this.#buffer = new PlayoutBuffer({
      time: this.#time,
      jitterMs,
      framesMax,
      played: (frame) => listener.played(frame),
      markReached: () => undefined,
    });
  }

  measures(): LineMeasures {
    return {
      gapsMs: this.#gapsMs,
      firstAudibleMs: this.#firstAudibleMs,
      packets: this.#packets,
      keys: this.#keys,
      ...(this.#hungUpEpochMs === undefined ? {} : { hungUpEpochMs: this.#hungUpEpochMs }),
    };
  }

  /** The callee puts the phone down now. */
  hungUp(): void {
    this.#hungUpEpochMs ??= this.#time.epochMs();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#keyTimer?.cancel();
    this.#buffer?.close();
    this.#socket.close();
  }

  #take(bytes: Buffer): void {
    const arrivedMs = this.#time.nowMs();
    const packet = parseRtp(bytes);
    if (packet === undefined) return;
    if (packet.payloadType === event) return this.#key(packet);
    if (packet.payloadType !== audio) return;
    this.#measure(packet, arrivedMs);
    const frame = {
      payload: new Uint8Array(packet.payload),
      durationMs: packet.payload.length / 8,
      utterance: 0,
      mediaSamples: packet.timestamp,
      arrivedMs,
    };
    this.#listener?.frame(frame);
    this.#buffer?.push(frame);
  }

  #measure({ payload, timestamp }: RtpPacket, arrivedMs: number): void {
    this.#packets += 1;
    const last = this.#last;
    if (last !== undefined && timestamp - last.timestamp === frameSamples) {
      this.#gapsMs.push(arrivedMs - last.arrivedMs);
    }
    this.#last = { timestamp, arrivedMs };
    if (this.#firstAudibleMs !== undefined || payload.length !== frameSamples) return;
    codecOf("pcmu").decode(payload, this.#samples);
    if (rmsDbfs(this.#samples) > audibleDbfs) this.#firstAudibleMs = arrivedMs - this.#answeredMs;
  }

  #key({ payload, timestamp }: RtpPacket): void {
    const digit = endedKey(payload);
    if (digit === undefined || timestamp === this.#lastKeyTimestamp) return;
    this.#lastKeyTimestamp = timestamp;
    this.#keys += digit;
  }

  #sendFrame(payload: Uint8Array): void {
    this.#send({ payloadType: audio, timestamp: this.#timestamp, payload });
    this.#timestamp += frameSamples;
  }

  /** One key: its event grows, then its end comes three times. */
  #press(digit: string, step: number): void {
    const begin = this.#timestamp;
    const next = (at: number): void => {
      const isEnd = at >= keySteps;
      const samples = Math.min(at + 1, keySteps) * frameSamples;
      const payload = keyEvent(digit, samples, isEnd);
      this.#send({ payloadType: event, timestamp: begin, payload });
      if (at < keySteps + 2) this.#keyTimer = this.#time.after(frameMs, () => next(at + 1));
    };
    next(step);
  }

  #send(packet: Pick<RtpPacket, "payloadType" | "timestamp" | "payload">): void {
    if (this.#remote === undefined || this.#isClosed) return;
    const whole = { ...packet, sequence: (this.#sequence += 1), isMarked: this.#sequence === 1 };
    this.#socket.send(formatRtp(whole, this.#source), this.#remote.port, this.#remote.host);
  }
}
