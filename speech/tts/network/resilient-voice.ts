/**
 * One voice made of several that may fail. A piece that fails before its first sound goes to the
 * next voice unheard; one that is cut in the middle is begun again there, as people do who lost
 * the thread: nothing is left out.
 */
import type { ErrorData } from "../../../base/errors.js";
import type { Time } from "../../../base/ports.js";
import { chooseVendor } from "../../vendors/vendor-choice.js";
import type { CircuitChange, VendorHealth } from "../../vendors/vendor-health.js";
import type { SpeechPiece } from "../ssml/speech-piece.js";
import { failureData, SynthesisError, type PcmAudio, type SpeechStream } from "../synthesizer.js";
import { PieceAttempt, type AttemptEvent } from "./piece-attempt.js";
import type { VoiceLine } from "./voice-line.js";

/** One voice with what is known about it. */
export type VoiceSeat = {
  readonly name: string;
  readonly health: VendorHealth;
  readonly line: VoiceLine;
  /** A part of the engine: what goes wrong there is the text's fault, and it is not left out. */
  readonly isOurs?: boolean;
  readonly streamsMax: number;
  /** Pieces that it speaks at this moment. */
  streams: number;
  /** The vendor's name for a flow's voice; undefined: it does not speak it, or the language. */
  readonly voiceOf: (voice: string, language: string) => string | undefined;
  readonly speed: number;
  readonly firstSoundMsMax: number;
  readonly stallMsMax: number;
};

/** What happened, for the log and for figures. Never what was said. */
export type VoiceNotice =
  | {
      readonly kind: "spoken";
      readonly voice: string;
      readonly firstSoundMs: number;
      readonly characters: number;
    }
  | {
      readonly kind: "attemptFailed";
      readonly voice: string;
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: "movedOn"; readonly from: string; readonly to: string }
  /** Every voice failed: the text was not spoken. */
  | { readonly kind: "unspoken"; readonly code: string }
  | { readonly kind: "circuit"; readonly voice: string; readonly change: CircuitChange };

export type ResilientVoiceOptions = {
  /** In the order in which they are preferred. */
  readonly seats: readonly VoiceSeat[];
  readonly time: Time;
  readonly choose: "inOrder" | "healthiest";
  readonly observe: (notice: VoiceNotice) => void;
};

export type PieceRequest = {
  readonly piece: SpeechPiece;
  readonly voice: string;
  readonly language: string;
};

export type PieceEvent =
  | { readonly kind: "audio"; readonly audio: PcmAudio }
  | { readonly kind: "end"; readonly isStandIn: boolean }
  | { readonly kind: "failed"; readonly error: ErrorData };

/** All that a sentence may wait for voices that are busy. */
const waitMsMax = 1000;

/** One piece over voices that may fail. Never calls `listener` before it has returned. */
export class ResilientPiece implements SpeechStream {
  readonly #options: ResilientVoiceOptions;
  readonly #request: PieceRequest;
  readonly #listener: (event: PieceEvent) => void;
  readonly #tried = new Set<VoiceSeat>();
  readonly #beganAtMs: number;
  #running: { readonly seat: VoiceSeat; readonly attempt: PieceAttempt } | undefined;
  #lastFailure: { readonly seat: VoiceSeat; readonly error: ErrorData } | undefined;
  #isOver = false;

  constructor(
    options: ResilientVoiceOptions,
    request: PieceRequest,
    listener: (event: PieceEvent) => void,
  ) {
    this.#options = options;
    this.#request = request;
    this.#listener = listener;
    this.#beganAtMs = options.time.nowMs();
    this.#next();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#running?.attempt.cancel();
    this.#running?.seat.health.gaveUp();
    this.#release();
  }

  #next(): void {
    if (this.#isOver) return;
    const { seats, time, choose } = this.#options;
    const { voice, language } = this.#request;
    const nowMs = time.nowMs();
    const standings = seats.map((seat) => ({
      tries: 0,
      triableAtMs: seat.health.triableAtMs,
      isFull: seat.streams >= seat.streamsMax,
      costMs: seat.health.costMs,
      isOut: this.#tried.has(seat) || seat.voiceOf(voice, language) === undefined,
    }));
    const choice = chooseVendor(standings, { nowMs, choose });
    if (choice.kind === "try") return this.#start(seats[choice.index]!);
    const isWaiting = choice.kind === "wait" && choice.untilMs <= this.#beganAtMs + waitMsMax;
    if (isWaiting) void time.after(choice.untilMs - nowMs, () => this.#next());
    else time.soon(() => this.#giveUp());
  }

  #start(seat: VoiceSeat): void {
    const { time, observe } = this.#options;
    const { piece, voice, language } = this.#request;
    const { line, speed, firstSoundMsMax, stallMsMax } = seat;
    this.#tried.add(seat);
    seat.health.began();
    seat.streams += 1;
    if (this.#lastFailure !== undefined) {
      observe({ kind: "movedOn", from: this.#lastFailure.seat.name, to: seat.name });
    }
    const attempt = new PieceAttempt(
      {
        line,
        segments: line.takesSsml ? piece.marked : piece.plain,
        voice: seat.voiceOf(voice, language)!,
        language,
        speed,
        firstSoundMsMax,
        stallMsMax,
        time,
      },
      (event) => this.#hear(event),
    );
    this.#running = { seat, attempt };
  }

  #hear(event: AttemptEvent): void {
    if (this.#isOver) return;
    if (event.kind === "audio") return this.#listener(event);
    const { seat } = this.#running!;
    this.#release();
    if (event.kind === "failed") return this.#failed(seat, event.error);
    this.#isOver = true;
    const { firstSoundMs } = event;
    this.#observeCircuit(seat, seat.health.succeeded(firstSoundMs));
    const characters = charactersOf(this.#request.piece);
    this.#options.observe({ kind: "spoken", voice: seat.name, firstSoundMs, characters });
    this.#listener({ kind: "end", isStandIn: seat !== this.#preferred() });
  }

  #failed(seat: VoiceSeat, error: ErrorData): void {
    const { code, message } = error;
    this.#lastFailure = { seat, error };
    this.#options.observe({ kind: "attemptFailed", voice: seat.name, code, message });
    this.#observeCircuit(
      seat,
      seat.isOurs === true ? seat.health.gaveUp() : seat.health.failed(code),
    );
    this.#next();
  }

  #observeCircuit(seat: VoiceSeat, change: CircuitChange | undefined): void {
    if (change !== undefined) this.#options.observe({ kind: "circuit", voice: seat.name, change });
  }

  #giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = this.#lastFailure?.error ?? failureData(this.#nobody());
    this.#options.observe({ kind: "unspoken", code: error.code });
    this.#listener({ kind: "failed", error });
  }

  /** Whom the configuration would have. */
  #preferred(): VoiceSeat | undefined {
    const { voice, language } = this.#request;
    return this.#options.seats.find((seat) => seat.voiceOf(voice, language) !== undefined);
  }

  #nobody(): SynthesisError {
    const { voice, language } = this.#request;
    const { seats } = this.#options;
    const isSpoken = seats.some((seat) => seat.voiceOf(voice, language) !== undefined);
    if (isSpoken) return new SynthesisError("SYNTHESIS_BUSY", "no voice is free at this moment");
    const message = `no voice of the configuration speaks "${voice}" in "${language}"`;
    return new SynthesisError("SYNTHESIS_NO_VOICE", message, { voice, language });
  }

  #release(): void {
    if (this.#running !== undefined) this.#running.seat.streams -= 1;
    this.#running = undefined;
  }
}

function charactersOf({ plain }: SpeechPiece): number {
  return plain.reduce((sum, part) => sum + (part.kind === "speech" ? part.text.length : 0), 0);
}
