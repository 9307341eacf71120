/**
 * Emotion of a turn: how worked up the voice is (`arousal.ts`), and what the words say. The words
 * decide the kind, the voice how much: shouted "yes great" is joy, shouted "this is ridiculous" is
 * anger, and a raised voice without words is only aroused.
 *
 * Labels: `emotion` (neutral, happy, frustrated, angry, sad), `arousal` (low, normal, high).
 */
import type { Analyzer, AnalyzerEvent, AnalyzerStream, FinalText, Label } from "../analyzer.js";
import { Arousal } from "./arousal.js";
import { countCues } from "./cue-words.js";
import { angryCues, happyCues, sadCues } from "./emotion-cues.js";
import { TurnSoundMeter } from "./turn-sound.js";

const highArousal = 0.8;
const lowArousal = 0.2;
/** Without a voice to judge, it is as usual. */
const usualArousal = 0.5;

export function emotionAnalyzer(name = "emotion"): Analyzer {
  return {
    name,
    open: ({ rateHz }, listener) => new EmotionStream(rateHz, listener),
    close: () => undefined,
  };
}

class EmotionStream implements AnalyzerStream {
  readonly #meter: TurnSoundMeter;
  readonly #arousal = new Arousal();
  readonly #listener: (event: AnalyzerEvent) => void;

  constructor(rateHz: number, listener: (event: AnalyzerEvent) => void) {
    this.#meter = new TurnSoundMeter(rateHz);
    this.#listener = listener;
  }

  frame(samples: Int16Array, isSpeech: boolean): void {
    this.#meter.frame(samples, isSpeech);
  }

  partial(): void {
    // A half sentence may still become its opposite.
  }

  final({ turnId, text }: FinalText): void {
    const sound = this.#meter.take();
    const arousal = sound === undefined ? undefined : this.#arousal.judge(sound);
    if (arousal !== undefined) this.#tell({ ...arousalLabel(arousal), turnId });
    this.#tell({ ...emotionOf(text, arousal ?? usualArousal), turnId });
  }

  close(): void {
    // Nothing is held.
  }

  #tell(label: Label): void {
    this.#listener({ kind: "label", label });
  }
}

function arousalLabel(arousal: number): Label {
  const value = arousal >= highArousal ? "high" : arousal <= lowArousal ? "low" : "normal";
  return { name: "arousal", value, score: arousal };
}

/** Pure: the emotion that words and voice make together. */
export function emotionOf(text: string, arousal: number): Label {
  const [angry, happy, sad] = [angryCues, happyCues, sadCues].map((cues) => countCues(text, cues));
  const name = "emotion";
  // Each further cue makes it surer; a raised voice counts as one.
  const sure = (cues: number, isRaised: boolean): number => 1 - 0.45 ** (cues + (isRaised ? 1 : 0));
  const isRaised = arousal >= highArousal;
  const most = Math.max(angry ?? 0, happy ?? 0, sad ?? 0);
  if (most === 0) return { name, value: "neutral", score: isRaised ? 0.5 : 0.7 };
  if (angry === most) {
    const value = isRaised || angry > 1 ? "angry" : "frustrated";
    return { name, value, score: sure(angry, isRaised) };
  }
  if (sad === most) return { name, value: "sad", score: sure(sad, arousal <= lowArousal) };
  return { name, value: "happy", score: sure(most, isRaised) };
}
