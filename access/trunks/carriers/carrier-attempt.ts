/**
 * One attempt through a carrier: asked for by REST, told by webhooks, which may come twice, late,
 * out of order, before the answer to the request, or not at all.
 *
 * A request to dial whose answer was lost is not repeated. Then the webhooks tell whether it was
 * taken; when none come either, the attempt ends as `unknown`.
 */
import { EngineError } from "../../../base/errors.js";
import type { Time, Timer } from "../../../base/ports.js";
import { AttemptEvents } from "../attempt-events.js";
import { areKeys, noKeys } from "../dial-string.js";
import type { ShellAttempt } from "../trunk-shell.js";
import type { TrunkEvent, TrunkOutcome } from "../trunk.js";
import type {
  CarrierCall,
  CarrierDialect,
  CarrierNews,
  CarrierReply,
  CarrierTarget,
} from "./carrier-dialect.js";
import type { CarrierHttp } from "./carrier-http.js";
import { CarrierTransfer } from "./carrier-transfer.js";

export type CarrierAttemptOptions = {
  readonly dialect: CarrierDialect;
  readonly http: CarrierHttp;
  readonly call: CarrierCall;
  readonly time: Time;
  readonly listener: (event: TrunkEvent) => void;
  /** The attempt is over: told once, before the listener is. */
  readonly done: () => void;
};

/** After the last moment at which the carrier should have told something, it is asked. */
const silenceMsMax = 15_000;
/** So long after our hang-up the end should have been told. */
const hangupMsMax = 5000;
/** More keys than anybody presses before a webhook is repeated. */
const keyIdsKept = 64;

export class CarrierAttempt implements ShellAttempt {
  readonly #options: CarrierAttemptOptions;
  readonly #events: AttemptEvents;
  readonly #transfer: CarrierTransfer;
  #carrierId: string | undefined;
  #isCancelled = false;
  #timer: Timer | undefined;
  /** Of the newest keys. */
  readonly #keyIds: string[] = [];

  constructor(options: CarrierAttemptOptions) {
    this.#options = options;
    this.#transfer = new CarrierTransfer(options);
    this.#events = new AttemptEvents(options.listener);
  }

  get call(): CarrierCall {
    return this.#options.call;
  }

  get isHandedOn(): boolean {
    return this.#transfer.isHandedOn;
  }

  async dial(): Promise<void> {
    const { dialect, http, call } = this.#options;
    this.#askAfter(call.ringSeconds * 1000 + silenceMsMax);
    let reply: CarrierReply;
    try {
      reply = await http.once(dialect.dial(call));
    } catch {
      return; // Lost: webhooks tell, or nobody does.
    }
    // A carrier that stumbles may have dialled all the same.
    if (reply.status >= 500) return;
    if (reply.status >= 300) {
      const { outcome, cause } = dialect.refusalOf(reply);
      return this.#end(this.#isCancelled ? "cancelled" : outcome, cause);
    }
    this.known(dialect.idOf(reply.body));
  }

  /** While a transfer is under way, once it has failed. */
  hangup(): void {
    if (this.#isCancelled || this.#events.isOver) return;
    // The callee talks to somebody else, and goes on.
    if (this.#transfer.isHandedOn) return this.giveUp("the callee was handed on");
    this.#isCancelled = true;
    if (this.#carrierId === undefined || this.#transfer.isUnderWay) return;
    void this.#hangup(this.#carrierId);
  }

  async transfer(to: string): Promise<void> {
    const carrierId = this.#carrierId;
    if (carrierId === undefined || !this.#events.isAnswered || this.#events.isOver) {
      const message = "the callee is not connected yet, or no more";
      throw new EngineError("TRUNK_TRANSFER", message);
    }
    try {
      await this.#transfer.to(to, carrierId);
      this.#events.transferred();
    } catch (error) {
      if (this.#isCancelled && !this.#events.isOver) void this.#hangup(carrierId);
      throw error;
    }
  }

  /** What a carrier that asks is told about a transfer. */
  get transferTarget(): CarrierTarget | undefined {
    return this.#transfer.target;
  }

  async sendDtmf(digits: string): Promise<void> {
    const { dialect, http } = this.#options;
    if (dialect.keys === undefined) {
      const message = `${dialect.vendor} sends no keys without ending the media stream`;
      throw new EngineError("TRUNK_UNSUPPORTED", message);
    }
    if (!areKeys(digits)) throw new EngineError("TRUNK_REQUEST", noKeys);
    if (this.#carrierId === undefined || !this.#events.isAnswered || this.#events.isOver) {
      throw new EngineError("TRUNK_REQUEST", "keys can be sent to a callee who has answered");
    }
    const reply = await http.once(dialect.keys(this.#carrierId, digits));
    if (reply.status < 300) return;
    const { cause } = dialect.refusalOf(reply);
    throw new EngineError("TRUNK_REQUEST", `${dialect.vendor} took no keys: ${cause}`);
  }

  /** The carrier's id of this call; from its answer, or from the first webhook. */
  known(carrierId: string | undefined): void {
    if (carrierId === undefined || this.#carrierId !== undefined) return;
    this.#carrierId = carrierId;
    if (this.#isCancelled) void this.#hangup(carrierId);
  }

  /** Whether a webhook with this id is about this call. */
  isOf(carrierId: string | undefined): boolean {
    return carrierId === undefined || (this.#carrierId ?? carrierId) === carrierId;
  }

  take(news: CarrierNews): void {
    switch (news.kind) {
      case "ringing":
        return this.#events.ringing();
      case "answered": {
        if (!this.#events.answered()) return;
        this.#timer?.cancel();
        if (this.#isCancelled && this.#carrierId !== undefined) void this.#hangup(this.#carrierId);
        return;
      }
      case "key":
        return this.#key(news.id, news.digit);
      case "answeredBy":
        return this.#events.answeredBy(news.who, news.cause);
      case "transferSettled":
        return this.#transfer.settled(news.cause);
      case "ended": {
        const { outcome, cause } = news;
        if (this.#events.isAnswered || outcome === "answered") return this.#end("answered", cause);
        return this.#end(this.#isCancelled ? "cancelled" : outcome, cause);
      }
    }
  }

  /** Nobody can say what became of it. */
  giveUp(cause: string): void {
    const outcome = this.#isCancelled ? "cancelled" : "unknown";
    this.#end(this.#events.isAnswered ? "answered" : outcome, cause);
  }

  /** A webhook may come twice. */
  #key(id: string, digit: string): void {
    if (this.#keyIds.includes(id)) return;
    this.#keyIds.push(id);
    if (this.#keyIds.length > keyIdsKept) this.#keyIds.shift();
    this.#events.key(digit);
  }

  async #hangup(carrierId: string): Promise<void> {
    const { dialect, http } = this.#options;
    this.#askAfter(hangupMsMax);
    const request = dialect.hangup(carrierId, this.#events.isAnswered);
    // What is gone already is what we wanted; what failed, the question after it finds out.
    await http.patiently(request).catch(() => undefined);
  }

  /** Asks how the call stands when nothing is told until then. */
  #askAfter(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#events.isOver) return;
    this.#timer = this.#options.time.after(delayMs, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const { dialect, http } = this.#options;
    const { vendor } = dialect;
    if (this.#events.isOver) return;
    if (this.#carrierId === undefined) return this.giveUp(`${vendor} never said that it dialled`);
    const reply = await http.patiently(dialect.state(this.#carrierId)).catch(() => undefined);
    if (reply === undefined) return this.giveUp(`${vendor} does not say what became of the call`);
    const news = dialect.stateOf(reply);
    if (news !== undefined) return this.take(news);
    if (this.#isCancelled) void this.#hangup(this.#carrierId);
    else this.#askAfter(silenceMsMax);
  }

  #end(outcome: TrunkOutcome, cause: string): void {
    if (this.#events.isOver) return;
    this.#timer?.cancel();
    this.#transfer.settled("the callee hung up");
    this.#options.done();
    this.#events.ended(outcome, cause);
  }
}
