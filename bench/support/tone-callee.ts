/**
 * A callee of the native protocol at 8 kHz whose ear knows tone words: what it heard, word for
 * word, as it sounded at its end of the line; and whose mouth says whatever samples it is given.
 */
import { WebSocket } from "ws";
import { connectMediaClient, type MediaClient } from "../../access/client/index.js";
import type { PlayedFrame } from "../../access/client/media-client.js";
import { plainAttempt } from "../../access/trunks/plain-attempt.js";
import type { Trunk } from "../../access/trunks/trunk.js";
import { nodeTime } from "../../base/node-ports.js";
import { decodeMulaw, encodeMulaw } from "../../codecs/audio/g711.js";
import { speakTones, ToneListener } from "../../speech/asr/testing/tone-words.js";

const rateHz = 8000;
const frameMs = 20;
const frameSamples = (rateHz * frameMs) / 1000;
const time = nodeTime();

export class ToneCallee {
  readonly #client: MediaClient;
  readonly #ear = new ToneListener(rateHz);
  readonly #waiting: (() => void)[] = [];
  #mouth: Int16Array[] = [];
  #utterance = 0;
  #dueMs = time.nowMs();
  #isOver = false;

  constructor(place: { url: string; callId: string; token: string }, told: CalleeListener) {
    this.#client = connectMediaClient({
      ...place,
      format: { codec: "pcmu", rateHz },
      socket: (url, protocols) => new WebSocket(url, [...protocols]),
      time,
      listener: {
        ready: () => {
          told.answered();
          this.#speak();
        },
        played: (frame) => this.#hear(frame),
        closed: () => {
          this.#isOver = true;
          told.ended();
        },
      },
    });
  }

  /** Words that have sounded whole, in order; a gap of silence is none. */
  get heard(): readonly string[] {
    return this.#ear.words.map(({ text }) => text.replace("[gap] ", ""));
  }

  /** Resolves when so many words have been heard. */
  hears(words: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => void (this.heard.length >= words && resolve());
      this.#waiting.push(look);
      look();
    });
  }

  say(words: string): void {
    this.sayAloud(speakTones(words.split(" "), rateHz));
  }

  /** Says it after so much silence from now. */
  sayAfter(delayMs: number, words: string): void {
    time.after(delayMs, () => this.say(words));
  }

  /** @param samples at 8 kHz */
  sayAloud(samples: Int16Array): void {
    for (let at = 0; at < samples.length; at += frameSamples) {
      const frame = new Int16Array(frameSamples);
      frame.set(samples.subarray(at, at + frameSamples));
      this.#mouth.push(frame);
    }
  }

  hangup(): void {
    this.#client.hangup();
  }

  /** A frame every 20 ms, silence where nothing is to be said. */
  #speak(): void {
    if (this.#isOver) return;
    const payload = new Uint8Array(frameSamples);
    encodeMulaw(this.#mouth.shift() ?? new Int16Array(frameSamples), payload);
    this.#client.sendFrame(payload, this.#dueMs);
    this.#dueMs = Math.max(this.#dueMs + frameMs, time.nowMs() - 200);
    time.after(Math.max(0, this.#dueMs - time.nowMs()), () => this.#speak());
  }

  #hear({ payload, utterance }: PlayedFrame): void {
    // Words of two utterances are two; a frame that comes late is no pause in a word.
    if (utterance !== this.#utterance) this.#ear.hear(new Int16Array(rateHz / 5));
    this.#utterance = utterance;
    const samples = new Int16Array(payload.length);
    decodeMulaw(payload, samples);
    this.#ear.hear(samples);
    for (const look of this.#waiting) look();
  }
}

type CalleeListener = { readonly answered: () => void; readonly ended: () => void };

/** Dials tone callees; `callee` gives that of a call. */
export function toneTrunk(): {
  readonly trunk: Trunk;
  readonly callee: (callId: string) => ToneCallee;
} {
  const callees = new Map<string, ToneCallee>();
  const trunk: Trunk = {
    name: "tones",
    originate({ callId, token, mediaUrl }, listener) {
      const url = `${mediaUrl}/media/native/v1`;
      const callee = new ToneCallee(
        { url, callId, token },
        {
          answered: () => listener({ kind: "answered" }),
          ended: () => listener({ kind: "ended", outcome: "answered", cause: "closed" }),
        },
      );
      callees.set(callId, callee);
      return plainAttempt(() => callee.hangup(), "a callee of tests goes nowhere");
    },
    health: () => ({ isUp: true, attempts: 0 }),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
  return { trunk, callee: (callId) => callees.get(callId)! };
}
