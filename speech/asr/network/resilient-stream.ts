/** One utterance over vendors that may fail; `resilient.ts` says how. */
import type { ErrorData } from "../../../base/errors.js";
import type { Timer } from "../../../base/ports.js";
import {
  failureData,
  RecognitionError,
  type RecognizerEvent,
  type RecognizerStream,
} from "../recognizer.js";
import { KeptAudio } from "../kept-audio.js";
import { answerMatcher, type AnswerMatcher } from "./answer-match.js";
import { backoffMs } from "./backoff.js";
import type { RecognitionRequest, ResilientOptions, Seat } from "./resilient.js";
import { textOf, Transcript } from "./transcript.js";
import type { AttemptEvent } from "./vendor.js";
import { speaks } from "../../vendors/language.js";
import { chooseVendor } from "../../vendors/vendor-choice.js";

/** A little more than the longest turn. */
const keptMsMax = 20_000;
/** Attempts for one utterance, all vendors together. */
const attemptsMax = 8;
/** After the end of the audio nobody waits longer than this: the dialog has given up by then. */
const giveUpMs = 2400;
/** The same vendor would say the same again. */
const hopeless = new Set(["RECOGNITION_DENIED", "RECOGNITION_QUOTA", "RECOGNITION_REFUSED"]);

/** One attempt on its way. */
type Run = { readonly seat: Seat; readonly transcript: Transcript; stream: RecognizerStream };

export class ResilientStream implements RecognizerStream {
  readonly #options: ResilientOptions;
  readonly #request: RecognitionRequest;
  readonly #listener: (event: RecognizerEvent) => void;
  readonly #match: AnswerMatcher;
  readonly #kept: KeptAudio;
  readonly #tries = new Map<Seat, number>();
  readonly #out = new Set<Seat>();
  /** The first one leads; there is a second one when the first was hedged. */
  #runs: Run[] = [];
  /** What cannot be lost any more. */
  #settled = new Transcript();
  #attempts = 0;
  #lastFailure: { readonly seat: Seat; readonly error: ErrorData } | undefined;
  #finishedAtMs: number | undefined;
  #retry: Timer | undefined;
  #hedge: Timer | undefined;
  #end: Timer | undefined;
  #shown = "";
  #isOver = false;

  constructor(
    options: ResilientOptions,
    request: RecognitionRequest,
    listener: (event: RecognizerEvent) => void,
  ) {
    this.#options = options;
    this.#request = request;
    this.#listener = listener;
    this.#match = answerMatcher(request.grammar);
    this.#kept = new KeptAudio({ rateHz: request.rateHz, msMax: keptMsMax });
    this.#next();
  }

  write(samples: Int16Array): void {
    if (this.#isOver || this.#finishedAtMs !== undefined) return;
    this.#kept.write(samples);
    for (const { stream } of this.#runs) stream.write(samples);
  }

  finish(): void {
    if (this.#isOver || this.#finishedAtMs !== undefined) return;
    const { time, hedgeMs } = this.#options;
    this.#finishedAtMs = time.nowMs();
    for (const { stream } of this.#runs) stream.finish();
    this.#end = time.after(giveUpMs, () => this.#giveUpWaiting());
    if (hedgeMs !== undefined) this.#hedge = time.after(hedgeMs, () => this.#askAnother());
  }

  cancel(): void {
    this.#close();
  }

  /** Starts the next attempt, now or when somebody may be tried. */
  #next(): void {
    this.#retry = undefined;
    if (this.#isOver || this.#runs.length > 0) return;
    const { seats, time } = this.#options;
    const choice = this.#isCut() ? this.#again() : this.#choose();
    if (choice.kind === "nobody" || this.#attempts >= attemptsMax) return this.#giveUp();
    if (choice.kind === "try") return this.#start(seats[choice.index]!);
    this.#retry = time.after(choice.untilMs - time.nowMs(), () => this.#next());
  }

  #choose(): ReturnType<typeof chooseVendor> {
    const { seats, time, choose } = this.#options;
    const { language } = this.#request.grammar;
    const isSpoken = seats.some((seat) => speaks(seat.languages, language));
    const standings = seats.map((seat) => ({
      tries: this.#tries.get(seat) ?? 0,
      triableAtMs: seat.health.triableAtMs,
      isFull: seat.isFull(),
      costMs: seat.health.costMs,
      isOut:
        (isSpoken && !speaks(seat.languages, language)) ||
        this.#out.has(seat) ||
        this.#runs.some((run) => run.seat === seat),
    }));
    return chooseVendor(standings, { nowMs: time.nowMs(), choose });
  }

  /** A connection that is cut says little about the vendor: once, the same one is asked again. */
  #isCut(): boolean {
    const { seat, error } = this.#lastFailure ?? {};
    if (seat === undefined || error?.code !== "RECOGNITION_LOST") return false;
    return this.#tries.get(seat) === 1 && seat.health.isClosed && !seat.isFull();
  }

  #again(): { readonly kind: "try"; readonly index: number } {
    return { kind: "try", index: this.#options.seats.indexOf(this.#lastFailure!.seat) };
  }

  #start(seat: Seat): void {
    const run: Run = { seat, transcript: this.#settled.fork(), stream: none };
    this.#attempts += 1;
    this.#tries.set(seat, (this.#tries.get(seat) ?? 0) + 1);
    this.#runs.push(run);
    seat.health.began();
    run.stream = seat.open(this.#request, (event) => this.#hear(run, event));
    if (this.#lastFailure !== undefined) {
      const { keptMs: replayedMs } = this.#kept;
      const from = this.#lastFailure.seat.name;
      this.#options.observe({ kind: "movedOn", from, to: seat.name, replayedMs });
    }
    this.#kept.replay((samples) => run.stream.write(samples));
    if (this.#finishedAtMs !== undefined) run.stream.finish();
  }

  /** The leader is slow: whoever has the final first wins. */
  #askAnother(): void {
    const [leader] = this.#runs;
    if (this.#isOver || leader === undefined || this.#runs.length > 1) return;
    const choice = this.#choose();
    if (choice.kind !== "try" || !this.#kept.isWhole) return;
    const seat = this.#options.seats[choice.index]!;
    this.#options.observe({ kind: "hedged", from: leader.seat.name, to: seat.name });
    this.#start(seat);
  }

  #hear(run: Run, event: AttemptEvent): void {
    if (this.#isOver || !this.#runs.includes(run)) return;
    switch (event.kind) {
      case "partial":
        run.transcript.replace(event.text);
        return this.#show();
      case "committed":
        run.transcript.commit(event);
        if (run === this.#runs[0] && event.endMs !== undefined) this.#settle(run);
        return this.#show();
      case "final":
        return this.#succeed(run, event);
      case "failed":
        return this.#fail(run, event.error);
    }
  }

  #settle({ transcript }: Run): void {
    this.#settled = transcript.fork();
    this.#kept.dropBefore(this.#settled.settledMs);
  }

  #show(): void {
    const run = this.#runs.find(({ transcript }) => textOf(transcript) !== "") ?? this.#runs[0];
    const text = run === undefined ? "" : textOf(run.transcript);
    if (text === "" || text === this.#shown) return;
    this.#shown = text;
    this.#listener({ kind: "partial", ...this.#match(text) });
  }

  #succeed(run: Run, event: Extract<AttemptEvent, { kind: "final" }>): void {
    const { time, observe } = this.#options;
    const latencyMs = time.nowMs() - (this.#finishedAtMs ?? time.nowMs());
    this.#observeCircuit(run.seat, run.seat.health.succeeded(latencyMs));
    observe({ kind: "final", vendor: run.seat.name, latencyMs });
    run.transcript.commit(event);
    const { words, confidence, language } = run.transcript;
    this.#runs = this.#runs.filter((other) => other !== run);
    for (const { seat } of this.#runs) seat.health.outrun(latencyMs);
    this.#close();
    const { text } = this.#match(textOf(run.transcript));
    this.#listener({
      kind: "final",
      text,
      isRejected: text === "",
      waitedMs: latencyMs,
      ...(words.length === 0 ? {} : { words }),
      ...(confidence === undefined ? {} : { confidence }),
      ...(language === undefined ? {} : { language }),
    });
  }

  #fail(run: Run, error: ErrorData): void {
    const { seat } = run;
    const { observe, time, rng } = this.#options;
    this.#runs = this.#runs.filter((other) => other !== run);
    this.#lastFailure = { seat, error };
    if (hopeless.has(error.code)) this.#out.add(seat);
    observe({ kind: "attemptFailed", vendor: seat.name, code: error.code, message: error.message });
    this.#observeCircuit(seat, seat.health.failed(error.code));
    if (this.#runs.length > 0) return this.#show();
    if (!this.#kept.isWhole) return this.#giveUp();
    const isNew = this.#isCut() || this.#options.seats.some((each) => !this.#tries.has(each));
    // Somebody fresh is asked at once, somebody who failed just now after a while.
    const waitMs = isNew ? 0 : backoffMs(this.#attempts, rng);
    if (waitMs === 0) this.#next();
    else this.#retry = time.after(waitMs, () => this.#next());
  }

  #observeCircuit(seat: Seat, change: ReturnType<Seat["health"]["failed"]>): void {
    if (change !== undefined) this.#options.observe({ kind: "circuit", vendor: seat.name, change });
  }

  /** Who was asked until now had its time. */
  #giveUpWaiting(): void {
    for (const { seat } of this.#runs) {
      this.#observeCircuit(seat, seat.health.failed("RECOGNITION_STALLED"));
    }
    this.#giveUp();
  }

  #giveUp(): void {
    if (this.#isOver) return;
    this.#close();
    const error = this.#lastFailure?.error ?? failureData(nobody(this.#finishedAtMs !== undefined));
    // Never within `open`.
    this.#options.time.soon(() => this.#listener({ kind: "failed", error }));
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of [this.#retry, this.#hedge, this.#end]) timer?.cancel();
    for (const { seat, stream } of this.#runs) {
      stream.cancel();
      seat.health.gaveUp();
    }
    this.#runs = [];
    this.#kept.clear();
  }
}

const none: RecognizerStream = {
  write: () => undefined,
  finish: () => undefined,
  cancel: () => undefined,
};

function nobody(isStalled: boolean): RecognitionError {
  return isStalled
    ? new RecognitionError("RECOGNITION_STALLED", `no final text within ${giveUpMs} ms`)
    : new RecognitionError("RECOGNITION_UNAVAILABLE", "no recogniser may be tried at this moment");
}
