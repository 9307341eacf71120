/**
 * A trunk through a carrier: it is asked to dial by REST, and tells by webhooks what happens. The
 * media of an answered call comes over a WebSocket that the carrier opens to our gateway.
 *
 * Webhooks are the carrier's where their signature says so; others get 403 before anything of
 * theirs is looked at.
 */
import { EngineError } from "../../../base/errors.js";
import type { Time } from "../../../base/ports.js";
import type { TrunkLog } from "../trunk-log.js";
import { failed, invalidNumber, TrunkShell, type Ended } from "../trunk-shell.js";
import type { OriginateRequest, Trunk, TrunkAttempt, TrunkEvent, TrunkHealth } from "../trunk.js";
import type { WebhookReply, WebhookRequest } from "../webhook.js";
import { CarrierAttempt } from "./carrier-attempt.js";
import type { CarrierDialect, CarrierNotice, CarrierReply } from "./carrier-dialect.js";
import { CarrierHttp } from "./carrier-http.js";
import { numberPattern } from "./carrier-transfer.js";

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

const callIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

export function createCarrierTrunk(options: CarrierTrunkOptions): Trunk {
  return new CarrierTrunk(options);
}

class CarrierTrunk implements Trunk {
  readonly name: string;
  readonly #options: CarrierTrunkOptions;
  readonly #http: CarrierHttp;
  /** By call id. */
  readonly #shell: TrunkShell<CarrierAttempt>;

  constructor(options: CarrierTrunkOptions) {
    const { name, dialect, time, log } = options;
    this.name = name;
    this.#options = options;
    this.#http = new CarrierHttp(dialect, time);
    this.#shell = new TrunkShell({ name, peer: dialect.vendor, time, log });
  }

  async start(): Promise<void> {
    const { dialect } = this.#options;
    this.#shell.begin();
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
    this.#shell.up();
  }

  async stop(): Promise<void> {
    await this.#shell.stop();
    this.#http.close();
  }

  health(): TrunkHealth {
    return this.#shell.health();
  }

  originate(request: OriginateRequest, listener: (event: TrunkEvent) => void): TrunkAttempt {
    const { dialect, callerId, webhookUrl, detectsMachines, time } = this.#options;
    const { callId, to, mediaUrl, token, ringMsMax } = request;
    return this.#shell.originate({
      key: callId,
      problem: problemOf(request),
      listener,
      make: (wiring) =>
        new CarrierAttempt({
          ...wiring,
          dialect,
          http: this.#http,
          time,
          call: {
            ...{ callId, to, mediaUrl, token, detectsMachines },
            from: callerId,
            ringSeconds: Math.max(5, Math.round(ringMsMax / 1000)),
            hook: (hook) => `${webhookUrl}/trunks/${this.name}/${hook}?call=${callId}`,
          },
        }),
    });
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
    if (request.hook === "transfer") return this.#handOn(attempt);
    if (!this.#isAnswerHook(request)) return { status: 204 };
    attempt.take({ kind: "answered" });
    return dialect.connect!(attempt.call);
  }

  /** The carrier asks whom its callee is to be connected with. */
  #handOn(attempt: CarrierAttempt): WebhookReply {
    const { transferTarget: target } = attempt;
    const { dialect } = this.#options;
    if (target === undefined || dialect.transferred === undefined) return { status: 404 };
    attempt.take({ kind: "transferSettled" });
    return dialect.transferred(target);
  }

  #isAnswerHook({ hook }: WebhookRequest): boolean {
    return hook === "answer" && this.#options.dialect.connect !== undefined;
  }

  #nobody(): WebhookReply {
    return this.#options.dialect.nobody ?? { status: 404 };
  }

  #attemptOf({ callId, carrierId }: CarrierNotice): CarrierAttempt | undefined {
    const attempt = callId === undefined ? undefined : this.#shell.find(callId);
    return attempt?.isOf(carrierId) === true ? attempt : undefined;
  }
}

function problemOf({ to, callId }: OriginateRequest): Ended | undefined {
  if (!numberPattern.test(to)) {
    return invalidNumber("a carrier dials numbers like +15550100 (E.164)");
  }
  if (callIdPattern.test(callId)) return undefined;
  return failed("the call id has characters that no URL holds");
}
