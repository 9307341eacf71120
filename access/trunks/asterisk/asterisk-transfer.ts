/**
 * Hands a callee to somebody else: they are dialled by us, so that a transfer that fails leaves the
 * callee with us. Once they have answered, both leave our application for the dialplan, where
 * `Bridge` keeps them together: they need us no more, and hang up together.
 *
 * ```
 * idle ──originate──▶ dialling ──StasisStart──▶ joining ──continue──▶ handed on
 *                         └────── busy, gone ──────┴── no such context ──▶ joined (in our bridge)
 * ```
 *
 * Where the dialplan has no such context (`deploy/asterisk/extensions.conf`) they talk in our own
 * bridge, and are cut off when the engine stops.
 */
import { EngineError } from "../../../base/errors.js";
import { outcomeOf } from "../outcome.js";
import type { AriEvent } from "./ari-event.js";
import { refusalOf, type AriHttp, type AriReply } from "./ari-http.js";
import type { AsteriskBridge } from "./asterisk-bridge.js";

/** Context of the dialplan that joins two channels; its variable names the other one. */
export const transferContext = "voxtree-transfer";
const calleeVariable = "VOXTREE_CALLEE";
const contextExists = `DIALPLAN_EXISTS(${transferContext},s,1)`;

export type AsteriskTransferOptions = {
  readonly http: Pick<AriHttp, "ask" | "insist">;
  readonly calleeId: string;
  readonly targetId: string;
  readonly bridge: AsteriskBridge;
  /** Asks Asterisk to dial: the query of `POST /channels`, all but the id. */
  readonly dialQuery: (to: string) => Readonly<Record<string, string | undefined>>;
  /** Somebody who was joined in our own bridge has hung up. */
  readonly targetGone: () => void;
};

type ChannelEvent = Exclude<AriEvent, { readonly type: "ApplicationReplaced" }>;

export class AsteriskTransfer {
  readonly #options: AsteriskTransferOptions;
  #state: "idle" | "dialling" | "joining" | "joined" | "handedOn" = "idle";
  #waiting: { resolve: () => void; reject: (error: EngineError) => void } | undefined;

  constructor(options: AsteriskTransferOptions) {
    this.#options = options;
  }

  /** They talk to each other without us. */
  get isHandedOn(): boolean {
    return this.#state === "handedOn";
  }

  /**
   * Resolves when both talk to each other.
   *
   * @throws {EngineError} `TRUNK_TRANSFER`
   */
  async to(number: string): Promise<void> {
    if (this.#state !== "idle") throw failed("another transfer is under way");
    this.#state = "dialling";
    const { http, targetId, bridge, dialQuery } = this.#options;
    const outcome = new Promise<void>((resolve, reject) => (this.#waiting = { resolve, reject }));
    const query = { ...dialQuery(number), channelId: targetId };
    const made = http.ask("POST", "/channels", query).catch((error: unknown) => error as Error);
    bridge.asked(made);
    void made.then((reply) => {
      if (reply instanceof Error) this.giveUp(reply.message);
      else if (reply.status >= 300) this.giveUp(refusalOf(reply));
    });
    return outcome;
  }

  /** Takes an event about the channel of whom we dial. */
  take(event: ChannelEvent): void {
    if (event.type === "StasisStart") {
      // One that answers a request given up for lost has nobody to talk to.
      return void (this.#state === "dialling" ? this.#join() : this.#deleteTarget());
    }
    if (event.type !== "ChannelDestroyed") return;
    if (this.#state === "joined") return this.#options.targetGone();
    const { cause: q850, techCause: sip } = event;
    this.giveUp(outcomeOf({ isAnswered: false, isCancelled: false, q850, sip }).cause);
  }

  /** It does not come about; the callee may be handed to others. */
  giveUp(cause: string): void {
    if (this.#state !== "dialling" && this.#state !== "joining") return;
    this.#state = "idle";
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(failed(cause));
  }

  async #join(): Promise<void> {
    this.#state = "joining";
    const { bridge, targetId } = this.#options;
    try {
      const isHandedOn = await this.#handOn();
      if (!isHandedOn) await bridge.add([targetId]);
      if (this.#state !== "joining") return;
      this.#state = isHandedOn ? "handedOn" : "joined";
      this.#waiting?.resolve();
      this.#waiting = undefined;
    } catch (error) {
      void this.#deleteTarget();
      this.giveUp((error as Error).message);
    }
  }

  async #deleteTarget(): Promise<void> {
    const path = `/channels/${encodeURIComponent(this.#options.targetId)}`;
    await this.#options.http.insist("DELETE", path);
  }

  /** @returns false where the dialplan has no place for them */
  async #handOn(): Promise<boolean> {
    const { calleeId } = this.#options;
    const [exists, callee] = await Promise.all([
      this.#ask("GET", "/variable", { variable: contextExists }),
      this.#options.http.ask("GET", `/channels/${encodeURIComponent(calleeId)}`),
    ]);
    const name = field(callee, "name");
    if (field(exists, "value") !== "1" || name === undefined) return false;
    const steps = [
      await this.#ask("POST", "/variable", { variable: calleeVariable, value: name }),
      await this.#ask("POST", "/continue", { context: transferContext, extension: "s" }),
    ];
    const refused = steps.find(({ status }) => status >= 300);
    if (refused !== undefined) throw failed(refusalOf(refused));
    return true;
  }

  #ask(
    method: "GET" | "POST",
    what: string,
    query: Readonly<Record<string, string>>,
  ): Promise<AriReply> {
    const path = `/channels/${encodeURIComponent(this.#options.targetId)}${what}`;
    return this.#options.http.ask(method, path, query);
  }
}

function field({ body }: AriReply, name: string): string | undefined {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  return typeof value === "string" ? value : undefined;
}

function failed(why: string): EngineError {
  return new EngineError("TRUNK_TRANSFER", `the transfer did not come about: ${why}`);
}
