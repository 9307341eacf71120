/**
 * What tones on a line mean: the beep of an answering machine, the calls of a fax, and the three
 * rising tones of a network that cannot put the call through.
 *
 * @see ITU-T T.30 section 4.3.3: 1100 Hz calling, 2100 Hz answering
 * @see Telcordia SR-2275 section 6.17.2: special information tones
 */
import { pureToneHz } from "./pure-tone.js";

export type LineTone =
  /** A tone that is over; `lengthMs` long. */
  | { readonly kind: "beep"; readonly lengthMs: number }
  | { readonly kind: "fax" }
  /** The number does not exist (`isVacant`), or the network is in trouble. */
  | { readonly kind: "sit"; readonly isVacant: boolean };

/** A shorter tone is a sound of speech. */
const beepMsMin = 160;
/** In a vowel no three frames are one tone. */
const soundingMsMin = 60;
/** A longer one is no beep: a dial tone, a line that is dead. */
const beepMsMax = 4000;
/** Frames of one tone differ less than this from one another. */
const driftMax = 0.03;
const faxMsMin = 400;
/** One tone of the three. */
const sitMsMin = 180;
const sitMsMax = 480;
const sitGapMsMax = 120;

type Segment = { readonly hz: number; readonly lengthMs: number; readonly endMs: number };

export class LineTones {
  readonly #rateHz: number;
  #nowMs = 0;
  #hz = 0;
  #lengthMs = 0;
  #isFaxTold = false;
  #segments: Segment[] = [];

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  /** Whether a tone seems to sound now: its first frames are not told from a vowel. */
  get isSounding(): boolean {
    return this.#lengthMs >= soundingMsMin;
  }

  /** Takes the next frame. @returns what it completes, if anything */
  frame(samples: Int16Array): LineTone | undefined {
    const frameMs = (samples.length * 1000) / this.#rateHz;
    this.#nowMs += frameMs;
    const hz = pureToneHz(samples, this.#rateHz);
    const isSame = hz !== 0 && this.#hz !== 0 && Math.abs(hz / this.#hz - 1) <= driftMax;
    if (isSame) {
      // Follows slowly, so that a glide is no tone.
      this.#hz += (hz - this.#hz) * 0.1;
      this.#lengthMs += frameMs;
      return this.#faxNow();
    }
    const ended = this.#end(this.#nowMs - frameMs);
    this.#hz = hz;
    this.#lengthMs = hz === 0 ? 0 : frameMs;
    return ended;
  }

  #faxNow(): LineTone | undefined {
    const isFax = isNear(this.#hz, 1100, 40) || isNear(this.#hz, 2100, 30);
    if (!isFax || this.#lengthMs < faxMsMin || this.#isFaxTold) return undefined;
    this.#isFaxTold = true;
    return { kind: "fax" };
  }

  #end(endMs: number): LineTone | undefined {
    const segment = { hz: this.#hz, lengthMs: this.#lengthMs, endMs };
    if (segment.hz === 0 || segment.lengthMs < beepMsMin) return undefined;
    this.#segments = [...this.#segments.slice(-2), segment];
    const sit = this.#sit();
    if (sit !== undefined) return sit;
    const isFax = isNear(segment.hz, 1100, 40) || isNear(segment.hz, 2100, 30);
    const isBeep = segment.lengthMs <= beepMsMax && !(isFax && segment.lengthMs >= faxMsMin);
    return isBeep ? { kind: "beep", lengthMs: segment.lengthMs } : undefined;
  }

  /** Three tones close behind one another, each in its place. */
  #sit(): LineTone | undefined {
    const [first, second, third] = this.#segments;
    if (first === undefined || second === undefined || third === undefined) return undefined;
    const isRow = [second, third].every(
      ({ endMs, lengthMs }, index) =>
        endMs - lengthMs - [first, second][index]!.endMs <= sitGapMsMax,
    );
    const isLong = [first, second, third].every(
      ({ lengthMs }) => lengthMs >= sitMsMin && lengthMs <= sitMsMax,
    );
    const isHigh = isNear(third.hz, 1776.7, 45);
    const isSecond = isNear(second.hz, 1370.6, 30) || isNear(second.hz, 1428.5, 30);
    const isFirst = isNear(first.hz, 913.8, 30) || isNear(first.hz, 985.2, 30);
    if (!isRow || !isLong || !isHigh || !isSecond || !isFirst) return undefined;
    // Vacant and intercepted numbers have the high or low first and the low second; "no circuit"
    // and "reorder" have long first tones and the high second.
    return { kind: "sit", isVacant: isNear(second.hz, 1370.6, 30) };
  }
}

function isNear(hz: number, rightHz: number, byHz: number): boolean {
  return Math.abs(hz - rightHz) <= byHz;
}
