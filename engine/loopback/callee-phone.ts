/** One call at the callee from the first ring to the end: rings, answers or not, then talks. */
import { assertNever } from "../../base/assert.js";
import { toErrorData } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { TrunkEvent, TrunkOutcome } from "../../access/trunks/trunk.js";
import type { CalleeDial } from "./callee-messages.js";
import type { CalleeParts } from "./callee-parts.js";
import type { CalleeReport } from "./callee-report.js";
import { spokenTexts } from "./callee-script.js";
import { LiveCall, turnsOf } from "./live-call.js";
import { webSocketMedia } from "./media-connection.js";
import type { RenderedSpeech } from "./speech-render.js";

/** Someone who rejects looks at the phone first. */
const REJECT_MS = 400;

export type PhoneSink = {
  event(event: TrunkEvent): void;
  /** Before `ended`, if the call was answered. */
  report(report: CalleeReport): void;
};

export class CalleePhone {
  readonly #dial: CalleeDial;
  readonly #parts: CalleeParts;
  readonly #sink: PhoneSink;
  #ringTimer: Timer | undefined;
  #live: LiveCall | undefined;
  #isEnded = false;

  constructor(dial: CalleeDial, parts: CalleeParts, sink: PhoneSink) {
    this.#dial = dial;
    this.#parts = parts;
    this.#sink = sink;
  }

  /** Begins to ring, or is busy. */
  ring(): void {
    const { answer } = this.#dial.script;
    if (answer.kind === "busy") return this.#end("busy", "the script is busy");
    this.#sink.event({ kind: "ringing" });
    const { ringMsMax } = this.#dial;
    const waitMs = this.#waitMs();
    if (waitMs > ringMsMax) {
      const why = `no answer within ${ringMsMax} ms`;
      this.#ringTimer = this.#parts.time.after(ringMsMax, () => this.#end("no_answer", why));
      return;
    }
    const speech = this.#renderSpeech();
    this.#ringTimer = this.#parts.time.after(waitMs, () => {
      if (answer.kind === "reject") return this.#end("rejected", "the script rejects the call");
      // Speech that is not ready yet keeps the phone ringing a little longer.
      speech.then(
        (ready) => this.#answer(ready),
        (error: unknown) => this.#end("failed", `callee: ${toErrorData(error).message}`),
      );
    });
  }

  /** Hangs up, or stops ringing. */
  hangup(): void {
    if (this.#live === undefined) this.#end("cancelled", "hung up before the answer");
    else this.#live.hangup();
  }

  get #format(): AudioFormat {
    const { media = webSocketMedia } = this.#parts;
    return media.formatOf(this.#dial.script.protocol);
  }

  #waitMs(): number {
    const { answer } = this.#dial.script;
    switch (answer.kind) {
      case "answer":
        return answer.afterMs;
      case "reject":
        return REJECT_MS;
      case "noAnswer":
        return Infinity;
      case "busy":
        return 0;
      default:
        return assertNever(answer);
    }
  }

  async #renderSpeech(): Promise<ReadonlyMap<string, RenderedSpeech>> {
    const { script } = this.#dial;
    const { rateHz } = this.#format;
    const texts = spokenTexts(turnsOf({ dial: this.#dial, parts: this.#parts }));
    const rendered = texts.map(async (text): Promise<[string, RenderedSpeech]> => [
      text,
      await this.#parts.voice.render({ text, voice: script.voice, rateHz }),
    ]);
    return new Map(await Promise.all(rendered));
  }

  #answer(speech: ReadonlyMap<string, RenderedSpeech>): void {
    if (this.#isEnded) return;
    this.#sink.event({ kind: "answered" });
    this.#live = new LiveCall({
      dial: this.#dial,
      parts: this.#parts,
      speech,
      format: this.#format,
      ended: ({ isFailure, cause, report }) => {
        this.#sink.report(report);
        this.#end(isFailure ? "failed" : "answered", cause);
      },
    });
  }

  #end(outcome: TrunkOutcome, cause: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#ringTimer?.cancel();
    this.#sink.event({ kind: "ended", outcome, cause });
  }
}
