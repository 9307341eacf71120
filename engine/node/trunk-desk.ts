/**
 * The attempts of this engine's calls: dials them, passes on what their networks tell, and hangs
 * up what a call leaves behind.
 */
import type { Trunk, TrunkAttempt, TrunkEvent } from "../../access/trunks/trunk.js";
import type { CallEvent } from "../../actors/call/call-events.js";
import type { WebhookReply, WebhookRequest } from "../../access/trunks/webhook.js";
import { EngineError } from "../../base/errors.js";
import type { CallRegistry } from "./call-registry.js";
import type { Running } from "./start-up.js";

export type TrunkDeskOptions = {
  readonly calls: CallRegistry;
  /** The engine, once it runs. */
  readonly running: () => Pick<Running, "trunks" | "threads"> | undefined;
  /** Ends the call with this outcome. */
  readonly hangup: (callId: string, outcome: string) => void;
};

export type DialRequest = Parameters<Trunk["originate"]>[0];

export class TrunkDesk {
  readonly #options: TrunkDeskOptions;
  readonly #attempts = new Map<string, TrunkAttempt>();
  readonly #transfers = new Map<string, Promise<boolean>>();

  constructor(options: TrunkDeskOptions) {
    this.#options = options;
  }

  dial(trunk: Trunk, request: DialRequest): void {
    const { callId } = request;
    const attempt = trunk.originate(request, (event) => this.#event(callId, event));
    this.#attempts.set(callId, attempt);
  }

  /** The call is over. A callee who was handed on keeps talking to somebody else. */
  over(callId: string): void {
    const attempt = this.#attempts.get(callId);
    this.#attempts.delete(callId);
    attempt?.hangup();
  }

  /** @throws {EngineError} `UNKNOWN_CALL`, `TRUNK_UNSUPPORTED`, `TRUNK_TRANSFER` */
  async transfer(callId: string, to: string): Promise<void> {
    const handedOn = this.#attemptOf(callId).transfer(to);
    const settled = handedOn.then(
      () => true,
      () => false,
    );
    this.#transfers.set(callId, settled);
    try {
      await handedOn;
    } finally {
      if (this.#transfers.get(callId) === settled) this.#transfers.delete(callId);
    }
  }

  /**
   * Keeps the end of a call back while its transfer is under way, and passes it on later: a carrier
   * ends our media before it says that the callee was handed on.
   */
  holds(callId: string, event: CallEvent, goOn: (event: CallEvent) => void): boolean {
    const transfer = this.#transfers.get(callId);
    if (event.kind !== "ended" || transfer === undefined) return false;
    void transfer.then((isHandedOn) =>
      goOn(isHandedOn ? { ...event, outcome: "transferred" } : event),
    );
    return true;
  }

  /** @throws {EngineError} `UNKNOWN_CALL`, `TRUNK_UNSUPPORTED`, `TRUNK_REQUEST` */
  sendKeys(callId: string, digits: string): Promise<void> {
    return this.#attemptOf(callId).sendDtmf(digits);
  }

  /** Which trunks cannot dial, and why. */
  notes(): readonly string[] {
    return [...(this.#options.running()?.trunks.values() ?? [])].flatMap((trunk) => {
      const { isUp, note = "no reason given" } = trunk.health();
      return isUp ? [] : [`trunk ${trunk.name} is down: ${note}`];
    });
  }

  /** Hands a request from outside to the trunk that it names. */
  async webhook(name: string, request: WebhookRequest): Promise<WebhookReply> {
    const trunk = this.#options.running()?.trunks.get(name);
    return trunk?.webhook === undefined ? { status: 404 } : trunk.webhook(request);
  }

  #attemptOf(callId: string): TrunkAttempt {
    const attempt = this.#attempts.get(callId);
    if (attempt !== undefined) return attempt;
    throw new EngineError("UNKNOWN_CALL", `no call ${callId} is under way`, { callId });
  }

  #event(callId: string, event: TrunkEvent): void {
    const { calls, hangup, running } = this.#options;
    switch (event.kind) {
      case "ringing":
      case "earlyMedia":
      case "answered":
        return;
      case "dtmf":
        return running()?.threads.tellGateway({ kind: "pressKey", callId, digit: event.digit });
      case "answeredBy":
        return calls.setAnsweredBy(callId, { who: event.who, cause: event.cause });
      case "transferred":
        this.#attempts.delete(callId);
        return hangup(callId, "transferred");
      case "ended":
        calls.setCause(callId, event.cause);
        // After an answer the media stream ends by itself and the flow names the outcome.
        if (calls.find(callId)?.status === "dialing") hangup(callId, event.outcome);
    }
  }
}
