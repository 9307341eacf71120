/** The counters of all threads' voices, added up, those of threads that are gone included. */
import type { VoiceCounters, VoiceFigures } from "../../speech/tts/network/voice-counters.js";

export class VoiceFiguresByThread {
  readonly #byThread = new Map<object, VoiceFigures>();

  /** The newest counters of a thread's life replace those before. */
  take(thread: object, figures: VoiceFigures): void {
    this.#byThread.set(thread, figures);
  }

  get sum(): VoiceFigures {
    const voices: Record<string, VoiceCounters> = {};
    const unspoken: Record<string, number> = {};
    for (const figures of this.#byThread.values()) {
      addCounts(unspoken, figures.unspoken);
      for (const [name, counters] of Object.entries(figures.voices)) {
        const before = voices[name];
        voices[name] = before === undefined ? structuredClone(counters) : added(before, counters);
      }
    }
    return { voices, unspoken };
  }
}

function added(a: VoiceCounters, b: VoiceCounters): VoiceCounters {
  const failures = { ...a.failures };
  addCounts(failures, b.failures);
  return {
    spoken: a.spoken + b.spoken,
    characters: a.characters + b.characters,
    firstSoundMsTotal: a.firstSoundMsTotal + b.firstSoundMsTotal,
    failures,
    takenOver: a.takenOver + b.takenOver,
    circuitOpened: a.circuitOpened + b.circuitOpened,
  };
}

function addCounts(to: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [key, count] of Object.entries(counts)) to[key] = (to[key] ?? 0) + count;
}
