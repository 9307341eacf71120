/**
 * What it is that comes over our own words: a cough, our echo, "mhm", a voice, or words that ask us
 * to stop. Asked by the turn detector once there is enough of it.
 */
import { echoPieceMs, findEcho, lagMsMax, thinned } from "../../speech/turn/echo.js";
import { asksToStop, isOnlyBackchannel } from "../../speech/turn/small-words.js";
import type { OverlapVerdict } from "../../speech/turn/turn-events.js";
import { isVoiced } from "../../speech/turn/voicing.js";
import type { PlayedSound } from "./played-sound.js";
import type { TurnAudio } from "./turn-audio.js";

/** Looked at for a pitch, frame by frame. */
const pitchMs = 40;
/** Looked at for a voice: so much of it must have a pitch. */
const lookMs = 320;
const voicedMsMin = 120;
const stepMs = 20;
/** So much of it is ours that it is our echo; of somebody else's voice it is 0.4 at most. */
const echoMin = 0.45;
/** The whole search is dear (3 ms): so often in a turn. */
const searchesMax = 8;

export class OverlapJudge {
  readonly #audio: TurnAudio;
  readonly #rateHz: number;
  readonly #played: PlayedSound;
  #searches = 0;
  /** How late this line's echo is; undefined before there was one. */
  #lagMs: number | undefined;

  constructor(audio: TurnAudio, rateHz: number, played: PlayedSound) {
    this.#audio = audio;
    this.#rateHz = rateHz;
    this.#played = played;
  }

  /** Another turn begins. */
  begin(): void {
    this.#searches = 0;
  }

  /**
   * @param nowMs when the newest frame of the line came
   * @param words what was recognised of it, as far as it is known
   * @param isAnswer whether they answer the question
   */
  judge(nowMs: number, words: string, isAnswer: boolean): OverlapVerdict {
    if (!this.#hasVoice() || this.#isEcho(nowMs)) return "harmless";
    if (isAnswer || asksToStop(words)) return "words";
    return isOnlyBackchannel(words) ? "listening" : "voice";
  }

  #hasVoice(): boolean {
    const samples = this.#audio.last(lookMs);
    const perMs = this.#rateHz / 1000;
    let voicedMs = 0;
    for (let fromMs = 0; fromMs + pitchMs <= lookMs; fromMs += stepMs) {
      const piece = samples.subarray(fromMs * perMs, (fromMs + pitchMs) * perMs);
      if (isVoiced(piece, this.#rateHz)) voicedMs += stepMs;
      if (voicedMs >= voicedMsMin) return true;
    }
    return false;
  }

  #isEcho(nowMs: number): boolean {
    if (this.#played.rateHz % 4000 !== 0) return false;
    const heard = thinned(this.#audio.last(echoPieceMs), this.#rateHz);
    const played = this.#played.last(nowMs, echoPieceMs + lagMsMax);
    const ours = thinned(played, this.#played.rateHz);
    const isKnown = this.#lagMs !== undefined;
    if (isKnown && findEcho(heard, ours, this.#lagMs).likeness >= echoMin) return true;
    if (this.#searches >= searchesMax) return false;
    this.#searches += 1;
    const { likeness, lagMs } = findEcho(heard, ours, undefined);
    if (likeness >= echoMin) this.#lagMs = lagMs;
    return likeness >= echoMin;
  }
}
