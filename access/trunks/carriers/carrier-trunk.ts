/**
 * A trunk through a carrier: it is asked to dial by REST, and tells by webhooks what happens. The
 * media of an answered call comes over a WebSocket that the carrier opens to our gateway.
 *
 * Webhooks are the carrier's where their signature says so; others get 403 before anything of
 * theirs is looked at.
 */
import { EngineError } from "../../../base/errors.js";
import type { Time, Timer } from "../../../base/ports.js";
import { endedAttempt } from "../plain-attempt.js";
import type { TrunkLog } from "../trunk-log.js";
import type { OriginateRequest, Trunk, TrunkAttempt, TrunkEvent, TrunkHealth } from "../trunk.js";
import type { WebhookReply, WebhookRequest } from "../webhook.js";
import { CarrierAttempt } from "./carrier-attempt.js";
import type { CarrierDialect, CarrierNotice, CarrierReply } from "./carrier-dialect.js";
import { CarrierHttp } from "./carrier-http.js";

export type CarrierTrunkOptions = {
  readonly name: string;
  readonly dialect: CarrierDialect;
  /** E.164. */
  readonly callerId: string;
  /** Where the carrier finds our control API, e.g. `https://voice.example.com`. */
  readonly webhookUrl: string;
  readonly detectsMachines: boolean;
  readonly time: Time;
  readonly log: TrunkLog;
};

/** ITU-T E.164: what a carrier dials. */
const numberPattern = /^\+[1-9]\d{3,14}$/;
const callIdPattern = /^[A-Za-z0-9._-]{1,64}$/;
const stopMsMax = 2000;

export function createCarrierTrunk(options: CarrierTrunkOptions): Trunk {
  return new CarrierTrunk(options);
}

class CarrierTrunk implements Trunk {
  readonly name: string;
  readonly #options: CarrierTrunkOptions;
  readonly #http: CarrierHttp;
  readonly #attempts = new Map<string, CarrierAttempt>();
  readonly #whenIdle = new Set<() => void>();
  #down: string | undefined = "not started";

  constructor(options: CarrierTrunkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#http = new CarrierHttp(options.dialect, options.time);
  }

  async start(): Promise<void> {
    const { dialect } = this.#options;
    this.#http.open();
    let reply: CarrierReply;
    try {
      reply = await this.#http.patiently(dialect.probe);
    } catch (cause) {
      const message = `trunk ${this.name}: ${(cause as Error).message}`;
      throw new EngineError("TRUNK_DOWN", message, {}, { cause });
    }
    if (reply.status >= 300) {
      const { cause } = dialect.refusalOf(reply);
      const message = `trunk ${this.name}: ${dialect.vendor} does not take our account: ${cause}`;
      throw new EngineError("TRUNK_DOWN", message, { status: reply.status });
    }
    this.#down = undefined;
    this.#options.log("info", "the trunk is up", { trunk: this.name });
  }

  async stop(): Promise<void> {
    this.#down = "stopped";
    let timer: Timer | undefined;
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle.add(resolve);
      timer = this.#options.time.after(stopMsMax, resolve);
    });
    for (const attempt of this.#attempts.values()) attempt.hangup();
    if (this.#attempts.size > 0) await idle;
    timer?.cancel();
    for (const attempt of [...this.#attempts.values()]) attempt.giveUp("the trunk was stopped");
    this.#http.close();
  }

  health(): TrunkHealth {
    const attempts = this.#attempts.size;
    if (this.#down === undefined) return { isUp: true, attempts };
    return { isUp: false, note: this.#down, attempts };
  }

  originate(request: OriginateRequest, listener: (event: TrunkEvent) => void): TrunkAttempt {
    const { dialect, callerId, webhookUrl, detectsMachines, time } = this.#options;
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) return endedAttempt(refusal, listener, time);
    const { callId, to, mediaUrl, token, ringMsMax } = request;
    const attempt: CarrierAttempt = new CarrierAttempt({
      dialect,
      http: this.#http,
      time,
      call: {
        ...{ callId, to, mediaUrl, token, detectsMachines },
        from: callerId,
        ringSeconds: Math.max(5, Math.round(ringMsMax / 1000)),
        hook: (hook) => `${webhookUrl}/trunks/${this.name}/${hook}?call=${callId}`,
      },
      listener: (event) => time.soon(() => listener(event)),
      done: () => this.#forget(callId),
    });
    this.#attempts.set(callId, attempt);
    void attempt.dial();
    return attempt;
  }

  async webhook(request: WebhookRequest): Promise<WebhookReply> {
    const { dialect, webhookUrl, time } = this.#options;
    const signed = { ...request, url: `${webhookUrl}${request.url}` };
    if (!(await dialect.isGenuine(signed, time.epochMs()))) return { status: 403 };
    const notice = dialect.read(signed);
    const attempt = this.#attemptOf(notice);
    // A call of an earlier life, or one that is over: nobody is there to talk to its callee.
    if (attempt === undefined)
      return this.#isAnswerHook(request) ? this.#nobody() : { status: 204 };
    attempt.known(notice.carrierId);
    if (notice.news !== undefined) attempt.take(notice.news);
    if (!this.#isAnswerHook(request)) return { status: 204 };
    attempt.take({ kind: "answered" });
    return dialect.connect!(attempt.call);
  }

  #isAnswerHook({ hook }: WebhookRequest): boolean {
    return hook === "answer" && this.#options.dialect.connect !== undefined;
  }

  #nobody(): WebhookReply {
    return this.#options.dialect.nobody ?? { status: 404 };
  }

  #attemptOf({ callId, carrierId }: CarrierNotice): CarrierAttempt | undefined {
    const attempt = callId === undefined ? undefined : this.#attempts.get(callId);
    return attempt?.isOf(carrierId) === true ? attempt : undefined;
  }

  #refusalOf({ to, callId }: OriginateRequest): Extract<TrunkEvent, { kind: "ended" }> | undefined {
    const failed = (cause: string) => ({ kind: "ended", outcome: "failed", cause }) as const;
    if (!numberPattern.test(to)) {
      const cause = "a carrier dials numbers like +15550100 (E.164)";
      return { kind: "ended", outcome: "invalid_number", cause };
    }
    if (!callIdPattern.test(callId)) return failed("the call id has characters that no URL holds");
    if (this.#down !== undefined) return failed(`the trunk is down: ${this.#down}`);
    return this.#attempts.has(callId) ? failed("another attempt has this call id") : undefined;
  }

  #forget(callId: string): void {
    this.#attempts.delete(callId);
    if (this.#attempts.size > 0) return;
    for (const resolve of this.#whenIdle) resolve();
    this.#whenIdle.clear();
  }
}
