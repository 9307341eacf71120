/**
 * Who has answered: a person, a machine, a fax, or a network with an announcement. Pure: frames,
 * words and the end of the time come in, one verdict comes out, and behind a machine's the moment
 * at which its recording begins.
 *
 * ```
 *   silence ──voice──▶ greeting ──short, then silence──▶ human
 *      └─2.5 s─▶ machine   └─1.5 s of voice, too many words, its words──▶ machine ──beep──▶ record
 *   fax tone ▶ fax · three rising tones, or what is said ▶ invalid_number · time over ▶ unknown
 * ```
 *
 * `unknown` is to be treated as a person: a machine that is greeted is a lesser evil.
 *
 * @see Asterisk, `app_amd.c`: the parameters and causes
 */
import { announcementIn, wordCount } from "./announcements.js";
import { answerDefaults, type AnswerTuning } from "./answer-tuning.js";
import { LineTones, type LineTone } from "./line-tones.js";

export type AnswerKind = "human" | "machine" | "fax" | "invalid_number" | "unreachable" | "unknown";

export type AnswerVerdict = {
  readonly kind: AnswerKind;
  /** As Asterisk names them, with the values that decided: `LONGGREETING-1520-1500`. */
  readonly cause: string;
  /** Media time since the answer. */
  readonly atMs: number;
};

export type AnswerSink = {
  /** Told once. */
  verdict(verdict: AnswerVerdict): void;
  /** After `machine`: now what we say is recorded. Told once. */
  recording(start: { readonly cause: "beep" | "silence" | "timeout"; readonly atMs: number }): void;
};

export class AnswerAnalyzer {
  readonly #tuning: AnswerTuning;
  readonly #sink: AnswerSink;
  readonly #tones: LineTones;
  readonly #rateHz: number;
  #verdict: AnswerVerdict | undefined;
  #isRecording = false;
  #nowMs = 0;
  #machineAtMs = 0;
  #silenceMs = 0;
  /** Of the sound that goes on. */
  #soundMs = 0;
  #voiceMs = 0;
  #words = 0;
  #isInWord = false;
  #isGreeting = false;

  constructor(options: {
    readonly rateHz: number;
    readonly sink: AnswerSink;
    readonly tuning?: Partial<AnswerTuning>;
  }) {
    this.#rateHz = options.rateHz;
    this.#sink = options.sink;
    this.#tuning = { ...answerDefaults, ...options.tuning };
    this.#tones = new LineTones(options.rateHz);
  }

  /** Nothing more is to be found out. */
  get isDone(): boolean {
    return this.#verdict !== undefined && (this.#verdict.kind !== "machine" || this.#isRecording);
  }

  /** @param isSpeech what the VAD says of this frame */
  frame(samples: Int16Array, isSpeech: boolean): void {
    if (this.isDone) return;
    const frameMs = (samples.length * 1000) / this.#rateHz;
    this.#nowMs += frameMs;
    const tone = this.#tones.frame(samples);
    if (tone !== undefined) this.#tone(tone);
    // A tone is no voice, whatever the VAD makes of it.
    const isVoice = isSpeech && !this.#tones.isSounding;
    if (isVoice) this.#voice(frameMs);
    else this.#silence(frameMs);
    if (this.#verdict?.kind === "machine") this.#awaitRecording();
    else if (this.#nowMs >= this.#tuning.totalMs) this.deadline();
  }

  /** What a recogniser has made of the greeting so far. */
  words(text: string): void {
    if (this.#verdict !== undefined) return;
    const kind = announcementIn(text);
    if (kind !== undefined) return this.#decide(kind, "WORDS");
    const count = wordCount(text);
    const { transcriptWordsMax } = this.#tuning;
    if (count > transcriptWordsMax) {
      this.#decide("machine", `TRANSCRIPT-${count}-${transcriptWordsMax}`);
    }
  }

  /** The time is over by the clock, also where no audio came to count it. */
  deadline(): void {
    if (this.#verdict === undefined) this.#decide("unknown", `TOOLONG-${this.#tuning.totalMs}`);
  }

  #tone(tone: LineTone): void {
    if (tone.kind === "fax" && this.#verdict === undefined) return this.#decide("fax", "FAXTONE");
    if (tone.kind === "sit" && this.#verdict === undefined) {
      return this.#decide(tone.isVacant ? "invalid_number" : "unreachable", "SIT");
    }
    if (tone.kind !== "beep") return;
    if (this.#verdict === undefined && this.#isGreeting) this.#decide("machine", "BEEP");
    if (this.#verdict?.kind === "machine") this.#record("beep");
  }

  #voice(frameMs: number): void {
    const { wordMsMin, wordMsMax, wordsMax, greetingMs } = this.#tuning;
    this.#soundMs += frameMs;
    this.#voiceMs += frameMs;
    if (this.#soundMs >= wordMsMin) {
      this.#silenceMs = 0;
      this.#isGreeting = true;
      if (!this.#isInWord) this.#words += 1;
      this.#isInWord = true;
    }
    if (this.#verdict !== undefined) return;
    if (this.#soundMs >= wordMsMax)
      return this.#decide("machine", `MAXWORDLENGTH-${this.#soundMs}`);
    if (this.#words > wordsMax)
      return this.#decide("machine", `MAXWORDS-${this.#words}-${wordsMax}`);
    if (this.#isGreeting && this.#voiceMs >= greetingMs) {
      this.#decide("machine", `LONGGREETING-${this.#voiceMs}-${greetingMs}`);
    }
  }

  #silence(frameMs: number): void {
    const { betweenWordsMs, initialSilenceMs, afterGreetingSilenceMs } = this.#tuning;
    this.#silenceMs += frameMs;
    if (this.#silenceMs >= betweenWordsMs) {
      this.#isInWord = false;
      this.#soundMs = 0;
      if (!this.#isGreeting) this.#voiceMs = 0;
    }
    if (this.#verdict !== undefined) return;
    if (!this.#isGreeting && this.#silenceMs >= initialSilenceMs) {
      return this.#decide("machine", `INITIALSILENCE-${this.#silenceMs}-${initialSilenceMs}`);
    }
    if (this.#isGreeting && this.#silenceMs >= afterGreetingSilenceMs) {
      this.#decide("human", `HUMAN-${this.#silenceMs}-${afterGreetingSilenceMs}`);
    }
  }

  /** Where no beep comes, silence says that the greeting is over. */
  #awaitRecording(): void {
    const { beepSilenceMs, beepMsMax } = this.#tuning;
    if (this.#nowMs - this.#machineAtMs >= beepMsMax) return this.#record("timeout");
    const quietMs = Math.min(this.#silenceMs, this.#nowMs - this.#machineAtMs);
    if (quietMs >= beepSilenceMs && !this.#tones.isSounding) this.#record("silence");
  }

  #record(cause: "beep" | "silence" | "timeout"): void {
    if (this.#isRecording) return;
    this.#isRecording = true;
    this.#sink.recording({ cause, atMs: this.#nowMs });
  }

  #decide(kind: AnswerKind, cause: string): void {
    if (this.#verdict !== undefined) return;
    this.#verdict = { kind, cause, atMs: this.#nowMs };
    this.#machineAtMs = this.#nowMs;
    this.#sink.verdict(this.#verdict);
  }
}
