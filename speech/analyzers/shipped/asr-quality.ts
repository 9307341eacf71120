/**
 * How far what was recognised can be trusted, from the line and from the recogniser: `asr-quality`
 * is good, fair or poor, with a score of 0 to 1 for the turn. A flow may ask for the keypad then.
 *
 * Every doubt takes its share; what is not known takes nothing.
 */
import type { Analyzer, AnalyzerEvent, AnalyzerStream, FinalText, Label } from "../analyzer.js";

const fullScale = 32_767;
/** Of the frames of a second or so, the share that is at the ceiling. */
const clippedShareMax = 0.05;
/** Speech this far above the noise is as good as any; at nothing above it nothing is understood. */
const snrDbGood = 20;
const quietDb = -45;
/** Words per second beyond which a text is made up, or half of the speech was missed. */
const wordsPerSecondMax = 6;
const frameMs = 20;

export function asrQualityAnalyzer(name = "asr-quality"): Analyzer {
  return {
    name,
    open: (_start, listener) => new QualityStream(listener),
    close: () => undefined,
  };
}

class QualityStream implements AnalyzerStream {
  readonly #listener: (event: AnalyzerEvent) => void;
  #speech = { energy: 0, frames: 0, clipped: 0 };
  /** Mean square of what is no speech; follows the line. */
  #noise: number | undefined;
  #partials: { turnId: number; text: string; takenBack: number } | undefined;

  constructor(listener: (event: AnalyzerEvent) => void) {
    this.#listener = listener;
  }

  frame(samples: Int16Array, isSpeech: boolean): void {
    let energy = 0;
    let peak = 0;
    for (const sample of samples) {
      energy += sample * sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    const mean = energy / Math.max(1, samples.length);
    if (!isSpeech) {
      const noise = this.#noise ?? mean;
      this.#noise = noise + 0.05 * (mean - noise);
      return;
    }
    this.#speech.energy += mean;
    this.#speech.frames += 1;
    if (peak >= fullScale - 1) this.#speech.clipped += 1;
  }

  /** A recogniser that takes words back is unsure. */
  partial({ turnId, text }: { readonly turnId: number; readonly text: string }): void {
    const before = this.#partials;
    if (before?.turnId !== turnId) {
      this.#partials = { turnId, text, takenBack: 0 };
      return;
    }
    if (!text.startsWith(before.text)) before.takenBack += 1;
    before.text = text;
  }

  final({ turnId, text, isRejected, confidence }: FinalText): void {
    const { energy, frames, clipped } = this.#speech;
    this.#speech = { energy: 0, frames: 0, clipped: 0 };
    const takenBack = this.#partials?.turnId === turnId ? this.#partials.takenBack : 0;
    const level = frames === 0 ? undefined : decibels(energy / frames);
    const noise = this.#noise === undefined ? undefined : decibels(this.#noise);
    const label = qualityOf({
      isRejected: isRejected || text === "",
      confidence,
      takenBack,
      levelDb: level,
      snrDb: level === undefined || noise === undefined ? undefined : level - noise,
      clippedShare: frames === 0 ? 0 : clipped / frames,
      wordsPerSecond: frames === 0 ? 0 : wordCount(text) / ((frames * frameMs) / 1000),
    });
    this.#listener({ kind: "label", label: { ...label, turnId } });
  }

  close(): void {
    // Nothing is held.
  }
}

export type QualityEvidence = {
  readonly isRejected: boolean;
  readonly confidence: number | undefined;
  /** Partials that did not go on from the one before. */
  readonly takenBack: number;
  readonly levelDb: number | undefined;
  readonly snrDb: number | undefined;
  readonly clippedShare: number;
  readonly wordsPerSecond: number;
};

/** Pure: evidence → label. */
export function qualityOf(evidence: QualityEvidence): Label {
  const { isRejected, confidence, takenBack, levelDb, snrDb } = evidence;
  const shares = [
    isRejected ? 0.4 : 1,
    confidence === undefined ? 1 : 0.2 + 0.8 * confidence,
    Math.max(0.5, 1 - 0.1 * takenBack),
    snrDb === undefined ? 1 : 0.2 + 0.8 * clamp(snrDb / snrDbGood),
    levelDb !== undefined && levelDb < quietDb ? 0.7 : 1,
    evidence.clippedShare > clippedShareMax ? 0.6 : 1,
    evidence.wordsPerSecond > wordsPerSecondMax ? 0.6 : 1,
  ];
  const score = shares.reduce((product, share) => product * share, 1);
  const value = score >= 0.7 ? "good" : score >= 0.4 ? "fair" : "poor";
  return { name: "asr-quality", value, score };
}

function clamp(value: number): number {
  return Math.max(0, Math.min(1, value));
}

function decibels(meanSquare: number): number {
  return 10 * Math.log10((meanSquare + 1) / 32_768 ** 2);
}

/** Nothing separates Chinese words: two characters count as one. */
function wordCount(text: string): number {
  const han = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  const others = text.replaceAll(/\p{Script=Han}/gu, " ").match(/[\p{L}\p{N}']+/gu)?.length ?? 0;
  return others + han / 2;
}
