/** Figures of the voices, by name, since their thread began. */
import type { VoiceNotice } from "./resilient-voice.js";

export type VoiceCounters = {
  spoken: number;
  characters: number;
  /** Of all that was spoken, from the request to the first sound. */
  firstSoundMsTotal: number;
  /** By error code. */
  readonly failures: Record<string, number>;
  /** Texts that were spoken here after another voice had failed. */
  takenOver: number;
  circuitOpened: number;
};

export type VoiceFigures = {
  readonly voices: Readonly<Record<string, VoiceCounters>>;
  /** Texts that no voice could speak, by error code. */
  readonly unspoken: Readonly<Record<string, number>>;
};

export class VoiceCounts {
  readonly #byVoice = new Map<string, VoiceCounters>();
  readonly #unspoken = new Map<string, number>();

  /** A copy, safe to send to another thread. */
  get figures(): VoiceFigures {
    return structuredClone({
      voices: Object.fromEntries(this.#byVoice),
      unspoken: Object.fromEntries(this.#unspoken),
    });
  }

  count(notice: VoiceNotice): void {
    switch (notice.kind) {
      case "spoken": {
        const counters = this.#of(notice.voice);
        counters.spoken += 1;
        counters.characters += notice.characters;
        counters.firstSoundMsTotal += notice.firstSoundMs;
        return;
      }
      case "attemptFailed": {
        const { failures } = this.#of(notice.voice);
        failures[notice.code] = (failures[notice.code] ?? 0) + 1;
        return;
      }
      case "movedOn":
        this.#of(notice.to).takenOver += 1;
        return;
      case "unspoken":
        this.#unspoken.set(notice.code, (this.#unspoken.get(notice.code) ?? 0) + 1);
        return;
      case "circuit":
        if (notice.change === "opened") this.#of(notice.voice).circuitOpened += 1;
    }
  }

  #of(voice: string): VoiceCounters {
    const known = this.#byVoice.get(voice);
    if (known !== undefined) return known;
    const counters: VoiceCounters = {
      spoken: 0,
      characters: 0,
      firstSoundMsTotal: 0,
      failures: {},
      takenOver: 0,
      circuitOpened: 0,
    };
    this.#byVoice.set(voice, counters);
    return counters;
  }
}
