/**
 * Automatic gain of one call: a caller who is faint, or so loud that the line distorts, is brought
 * to where VAD and recogniser hear best. Within the usual levels nothing is changed, not a bit.
 *
 *   level of speech   −62 ……… −36 ··················  −9 …… 0 dB of full scale
 *                     raised     left as it is          lowered
 *
 * Only speech moves the gain: what stands well above the quietest of the last seconds. So a line
 * on which nobody speaks is not turned up until its noise is speech.
 */

/** Levels are of frames of 10 or 20 ms, in dB of a full-scale square wave. */
const quietDb = -36;
const loudDb = -9;
/** Fainter than this nothing is speech. */
const speechDbMin = -62;
/** How far speech stands above the floor. */
const aboveFloorDb = 12;
export const gainDbMax = 18;
export const gainDbMin = -12;
/** How fast the gain may move while somebody speaks, per second. */
const raiseDbPerSecond = 12;
const lowerDbPerSecond = 60;
/** The level of a voice: its loud frames count at once, and fade at this pace. */
const fadeDbPerSecond = 6;
/** A voice is known after so much of it: its first sound may be a weak one. */
const knownSeconds = 0.4;
/** How fast the floor climbs onto noise. */
const floorDbPerSecond = 6;

const fullScale = 32_768;
const silentDb = -96;

export class LevelNormaliser {
  readonly #rateHz: number;
  /** Where the gain is not 1; else frames pass as they are. */
  #out = new Int16Array(0);
  #floorDb = quietDb;
  #voiceDb: number | undefined;
  #voicedSeconds = 0;
  #gainDb = 0;

  constructor(options: { readonly rateHz: number }) {
    this.#rateHz = options.rateHz;
  }

  /** The gain at present, within `gainDbMin` and `gainDbMax`. */
  get gainDb(): number {
    return this.#gainDb;
  }

  /**
   * The next frame, of any length.
   *
   * @returns `frame` itself, or as many samples, valid until the next call
   */
  process(frame: Int16Array): Int16Array {
    const seconds = frame.length / this.#rateHz;
    const levelDb = levelOf(frame);
    this.#floorDb = Math.min(levelDb, this.#floorDb + floorDbPerSecond * seconds);
    if (levelDb >= speechDbMin && levelDb >= this.#floorDb + aboveFloorDb) {
      this.#hear(levelDb, seconds);
    }
    return this.#gainDb === 0 ? frame : this.#amplified(frame);
  }

  #hear(levelDb: number, seconds: number): void {
    const faded = (this.#voiceDb ?? levelDb) - fadeDbPerSecond * seconds;
    this.#voiceDb = Math.max(levelDb, faded);
    this.#voicedSeconds += seconds;
    if (this.#voicedSeconds < knownSeconds) return;
    const wantedDb = gainFor(this.#voiceDb);
    const stepUp = raiseDbPerSecond * seconds;
    const stepDown = lowerDbPerSecond * seconds;
    const moved = Math.max(this.#gainDb - stepDown, Math.min(this.#gainDb + stepUp, wantedDb));
    this.#gainDb = moved;
  }

  #amplified(frame: Int16Array): Int16Array {
    if (this.#out.length !== frame.length) this.#out = new Int16Array(frame.length);
    const gain = 10 ** (this.#gainDb / 20);
    const out = this.#out;
    for (let at = 0; at < frame.length; at += 1) {
      const value = frame[at]! * gain;
      out[at] = value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
    }
    return out;
  }
}

/** What brings a voice of that level to the nearer end of what is left as it is. */
function gainFor(voiceDb: number): number {
  if (voiceDb < quietDb) return Math.min(gainDbMax, quietDb - voiceDb);
  return voiceDb > loudDb ? Math.max(gainDbMin, loudDb - voiceDb) : 0;
}

function levelOf(frame: Int16Array): number {
  let sum = 0;
  for (let at = 0; at < frame.length; at += 1) sum += frame[at]! * frame[at]!;
  if (sum === 0) return silentDb;
  return 10 * Math.log10(sum / frame.length / (fullScale * fullScale));
}
