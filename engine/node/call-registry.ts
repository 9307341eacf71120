/** The calls of this engine as the outside sees them, built up from what their actors report. */
import type { MediaFigures } from "../../access/protocols/media-figures.js";
import type { CallEvent } from "../../actors/call/call-events.js";
import { EngineError } from "../../base/errors.js";
import type { Clock, Time, Timer } from "../../base/ports.js";
import type { CallListener, CallView, PromptPlays } from "../engine-node.js";

type Entry = {
  view: CallView;
  readonly listener: CallListener | undefined;
  readonly ended: Promise<CallView>;
  readonly settle: (view: CallView) => void;
};

export class CallRegistry {
  readonly #calls = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #said = { prompts: 0, streamed: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Figures of the prompt cache, with how the texts that calls have begun to say were played. */
  withSaid<Stats extends object>(stats: Stats | undefined) {
    return stats && { ...stats, said: { ...this.#said } satisfies PromptPlays };
  }

  get count(): number {
    return this.#calls.size;
  }

  add(view: CallView, listener: CallListener | undefined): void {
    let settle!: (view: CallView) => void;
    const ended = new Promise<CallView>((resolve) => (settle = resolve));
    this.#calls.set(view.callId, { view, listener, ended, settle });
  }

  find(callId: string): CallView | undefined {
    return this.#calls.get(callId)?.view;
  }

  /** @throws {EngineError} `UNKNOWN_CALL` */
  ended(callId: string): Promise<CallView> {
    const entry = this.#calls.get(callId);
    if (entry === undefined) {
      throw new EngineError("UNKNOWN_CALL", `no call ${callId} is under way`, { callId });
    }
    return entry.ended;
  }

  /** Resolves when no call is left, or after `withinMs`. */
  async allEnded(time: Time, withinMs: number): Promise<void> {
    const ended = Promise.all(this.ids().map((callId) => this.ended(callId)));
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => (timer = time.after(withinMs, resolve)));
    await Promise.race([ended, late]);
    timer?.cancel();
  }

  ids(): readonly string[] {
    return [...this.#calls.keys()];
  }

  /** What the network said about the attempt; once we have ended the call it is no cause. */
  setCause(callId: string, cause: string): void {
    if (this.find(callId)?.status !== "ended") this.#change(callId, () => ({ cause }));
  }

  /** What the network thinks of who answered. */
  setAnsweredBy(callId: string, answeredBy: NonNullable<CallView["answeredBy"]>): void {
    if (this.find(callId)?.status !== "ended") this.#change(callId, () => ({ answeredBy }));
  }

  /** What the gateway knows of the call's line. */
  setMedia(callId: string, media: MediaFigures): void {
    if (this.find(callId)?.status !== "ended") this.#change(callId, () => ({ media }));
  }

  /** The connection of a call that was answered is lost, or found again. */
  setResuming(callId: string, isResuming: boolean): void {
    const [from, to] = isResuming
      ? (["live", "resuming"] as const)
      : (["resuming", "live"] as const);
    if (this.find(callId)?.status === from) this.#change(callId, () => ({ status: to }));
  }

  /**
   * Takes in one event; returns the view when it was the last one. An end comes once: what a shard
   * says of a call that was given up meanwhile, as with a lost gateway, changes nothing.
   */
  apply(callId: string, event: CallEvent, epochMs = this.#clock.epochMs()): CallView | undefined {
    if (this.find(callId)?.status === "ended") return undefined;
    if (event.kind === "transcript" && event.isCached !== undefined) {
      this.#said[event.isCached ? "prompts" : "streamed"] += 1;
    }
    this.#change(callId, (view) => changeOf(view, event, epochMs));
    return event.kind === "ended" ? this.find(callId) : undefined;
  }

  /** Forgets a call whose record is kept elsewhere now, and tells who waits for its end. */
  remove(callId: string): void {
    const entry = this.#calls.get(callId);
    this.#calls.delete(callId);
    entry?.settle(entry.view);
  }

  #change(callId: string, change: (view: CallView) => Partial<CallView>): void {
    const entry = this.#calls.get(callId);
    if (entry === undefined) return;
    entry.view = { ...entry.view, ...change(entry.view) };
    entry.listener?.(entry.view);
  }
}

/** Pure: what an event changes in a view. */
function changeOf(view: CallView, event: CallEvent, nowEpochMs: number): Partial<CallView> {
  switch (event.kind) {
    case "answered": {
      const { protocol, format } = event;
      return { status: "live", protocol, format, answeredEpochMs: nowEpochMs };
    }
    case "transcript": {
      const { side, text, atMs } = event;
      const rejected = event.isRejected === true ? { isRejected: true } : {};
      return { transcript: [...view.transcript, { side, text, atMs, ...rejected }] };
    }
    case "keypad":
      return { keys: [...view.keys, { digit: event.digit, atMs: event.atMs }] };
    case "interrupted": {
      const { atMs, reactionMs } = event;
      return { interruptions: [...view.interruptions, { atMs, reactionMs }] };
    }
    case "answeredBy":
      return { answeredBy: { who: event.answeredBy, cause: event.cause } };
    case "label": {
      const { analyzer, label, atMs } = event;
      return { labels: [...(view.labels ?? []), { ...label, analyzer, atMs }] };
    }
    case "mark": {
      const { name, heardMs, atMs } = event;
      return { marks: [...(view.marks ?? []), { name, heardMs, atMs }] };
    }
    case "language":
      return { language: event.language };
    case "state":
      return { state: event.state };
    case "turn":
      return { turns: [...view.turns, { ...event.latency, atMs: event.atMs }] };
    case "restarted":
    case "trouble":
      return {};
    case "ended": {
      const { outcome, recordedMs } = event;
      return { status: "ended", outcome, recordedMs, endedEpochMs: nowEpochMs };
    }
  }
}
