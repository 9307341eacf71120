/**
 * One attempt through Asterisk: the callee's channel, and once it is answered a media channel (a
 * WebSocket to our gateway) in a bridge with it. Hang-ups do not cascade over an Asterisk bridge,
 * so whoever goes, we take the others along.
 *
 * ```
 * dialling ──StasisStart──▶ answered ──media's StasisStart──▶ bridged ──transfer──▶ transferred
 *     └───────────────┴────── ChannelDestroyed of the callee ──────┴──────────────────┘──▶ ended
 * ```
 *
 * All our channels have ids that we chose, so that after a lost answer we can ask what became of a
 * request instead of repeating it: nobody is dialled twice.
 */
import { EngineError } from "../../../base/errors.js";
import type { Time, Timer } from "../../../base/ports.js";
import { areKeys, noKeys } from "../dial-string.js";
import { keyPattern } from "../attempt-events.js";
import { outcomeOf } from "../outcome.js";
import type { ShellAttempt } from "../trunk-shell.js";
import type { OriginateRequest, TrunkEvent, TrunkOutcome } from "../trunk.js";
import { parseAriChannels, type AriEvent } from "./ari-event.js";
import { isTrouble, isUnclear, refusalOf, type AriHttp, type AriReply } from "./ari-http.js";
import { AsteriskBridge } from "./asterisk-bridge.js";
import { AsteriskTransfer } from "./asterisk-transfer.js";
import type { AsteriskFormatChoice } from "./media-format.js";

export type AttemptSettings = {
  readonly app: string;
  /** Makes the dial string of a number, e.g. `PJSIP/+15550100@trunk`. */
  readonly endpointOf: (to: string) => string;
  readonly callerId?: string;
  /** Section of `websocket_client.conf` whose `uri` is our gateway's `/media/asterisk`. */
  readonly mediaClient: string;
  /** Of the audio on the media socket. */
  readonly format: AsteriskFormatChoice;
};

export type AttemptOptions = {
  readonly http: Pick<AriHttp, "ask" | "insist">;
  readonly time: Time;
  readonly settings: AttemptSettings;
  readonly request: OriginateRequest;
  readonly listener: (event: TrunkEvent) => void;
  /** The attempt is over: told once, before the listener is. */
  readonly done: () => void;
};

/** Asterisk ends the ringing by itself, and says so; if it does not within this, it is asked. */
const overdueMs = 5000;
/** So long the event about a channel that is gone may take, for it knows the cause. */
const lastWordMs = 5000;

type Phase = "dialling" | "answered" | "bridged" | "transferred" | "ended";

export class AsteriskAttempt implements ShellAttempt {
  /** Ids of the channels: of the callee, of the media, of whom a transfer dials. */
  readonly calleeId: string;
  readonly mediaId: string;
  readonly targetId: string;
  readonly #bridge: AsteriskBridge;
  readonly #options: AttemptOptions;
  #phase: Phase = "dialling";
  #isCancelled = false;
  #isRinging = false;
  #hasEarlyMedia = false;
  /** Asterisk has taken the request to dial: a channel that it does not know is gone, then. */
  #isDialled = false;
  #isOverdue = false;
  readonly #timers: Timer[] = [];
  readonly #transfer: AsteriskTransfer;

  constructor(options: AttemptOptions) {
    const { request, settings, http } = options;
    this.#options = options;
    this.calleeId = `${settings.app}.${request.callId}`;
    this.mediaId = `${this.calleeId}.media`;
    this.targetId = `${this.calleeId}.target`;
    const { calleeId, mediaId, targetId } = this;
    const bridge = new AsteriskBridge({ http, settings, request, calleeId, mediaId });
    this.#bridge = bridge;
    this.#transfer = new AsteriskTransfer({
      ...{ http, calleeId, targetId, bridge },
      dialQuery: (to) => this.#dialQuery(to, "target"),
      targetGone: () => this.#deleteCallee(),
    });
  }

  get isHandedOn(): boolean {
    return this.#phase === "transferred" && this.#transfer.isHandedOn;
  }

  /** Asks Asterisk to dial. */
  async dial(): Promise<void> {
    const { http, request } = this.#options;
    const query = { ...this.#dialQuery(request.to, "callee"), channelId: this.calleeId };
    let reply: AriReply;
    try {
      reply = await http.ask("POST", "/channels", query);
    } catch (error) {
      const { message, detail } = error as EngineError;
      if (detail["isSent"] === false) return this.#end("failed", message);
      return this.#askWhatBecameOfIt(message, detail["isUnclear"] === true);
    }
    // A proxy in trouble may have passed the request on all the same.
    if (isTrouble(reply)) return this.#askWhatBecameOfIt(refusalOf(reply), isUnclear(reply));
    if (reply.status >= 300) return this.#end("failed", refusalOf(reply));
    this.#dialled();
  }

  hangup(): void {
    if (this.#phase === "ended" || this.#isCancelled) return;
    this.#isCancelled = true;
    this.#deleteCallee();
  }

  async transfer(to: string): Promise<void> {
    if (this.#phase === "answered") {
      throw new EngineError("TRUNK_TRANSFER", "the callee's media is not connected yet");
    }
    if (this.#phase !== "bridged") {
      const message = "only a callee who talks to us can be transferred";
      throw new EngineError("TRUNK_TRANSFER", message);
    }
    await this.#transfer.to(to);
    if (this.#hasEnded) return;
    this.#phase = "transferred";
    this.#options.listener({ kind: "transferred" });
    if (this.isHandedOn) return void this.#bridge.takeAway([this.mediaId]);
    void this.#options.http.insist("DELETE", `/channels/${encodeURIComponent(this.mediaId)}`);
  }

  async sendDtmf(digits: string): Promise<void> {
    if (!areKeys(digits)) throw new EngineError("TRUNK_REQUEST", noKeys);
    const path = `/channels/${encodeURIComponent(this.calleeId)}/dtmf`;
    const reply = await this.#options.http.ask("POST", path, { dtmf: digits });
    if (reply.status < 300) return;
    throw new EngineError("TRUNK_REQUEST", `Asterisk took no keys: ${refusalOf(reply)}`);
  }

  /** Takes an event about one of our channels. */
  take(event: Exclude<AriEvent, { readonly type: "ApplicationReplaced" }>): void {
    if (this.#phase === "ended") return;
    if (event.channelId === this.calleeId) return this.#calleeEvent(event);
    if (event.channelId === this.mediaId) return this.#mediaEvent(event);
    this.#transfer.take(event);
  }

  /**
   * Asterisk's list of channels after we were deaf for a while, or after it was restarted.
   *
   * @param state of the callee's channel; undefined when there is none any more
   */
  reconcile(state: string | undefined): void {
    if (this.#phase === "ended") return;
    const isAnswered = this.#phase !== "dialling";
    if (state === undefined) {
      const unheard = this.#isOverdue ? "no_answer" : "unknown";
      const outcome = isAnswered ? "answered" : this.#isCancelled ? "cancelled" : unheard;
      this.#end(outcome, "the channel was gone, and Asterisk had not said why");
    } else if (this.#isCancelled) this.#deleteCallee();
    else if (state === "Up" && !isAnswered) this.#answered();
  }

  /** Nobody can say what became of it. */
  giveUp(cause: string): void {
    this.#end(this.#phase === "dialling" ? "unknown" : "answered", cause);
  }

  #calleeEvent(event: Exclude<AriEvent, { readonly type: "ApplicationReplaced" }>): void {
    switch (event.type) {
      case "Dial":
        return this.#progress(event.status);
      case "StasisStart":
        return this.#answered();
      case "ChannelDtmfReceived":
        return this.#key(event.digit.toUpperCase());
      case "ChannelDestroyed": {
        // Asterisk says 0 where the callee hung up alone.
        const q850 = event.cause === 0 ? 16 : event.cause;
        const sip = event.techCause;
        const isAnswered = this.#phase !== "dialling";
        const { outcome, cause } = outcomeOf({
          isAnswered,
          isCancelled: this.#isCancelled,
          q850: this.#isOverdue ? 19 : q850,
          sip,
        });
        return this.#end(outcome, cause);
      }
    }
  }

  /** The media socket tells of it, too, where it has a word for keys: the gateway merges them. */
  #key(digit: string): void {
    const { listener } = this.#options;
    if (this.#phase !== "bridged" || !keyPattern.test(digit)) return;
    listener({ kind: "dtmf", digit });
  }

  #progress(status: string): void {
    const { listener } = this.#options;
    if (this.#phase !== "dialling") return;
    if (status === "RINGING" && !this.#isRinging) {
      this.#isRinging = true;
      listener({ kind: "ringing" });
    }
    if (status === "PROGRESS" && !this.#hasEarlyMedia) {
      this.#hasEarlyMedia = true;
      listener({ kind: "earlyMedia" });
    }
  }

  #answered(): void {
    if (this.#phase !== "dialling") return;
    this.#phase = "answered";
    this.#options.listener({ kind: "answered" });
    if (this.#isCancelled) return this.#deleteCallee();
    void this.#openMedia();
  }

  async #openMedia(): Promise<void> {
    await this.#bridge.open().catch(() => this.#mediaFailed());
  }

  #mediaEvent(event: Exclude<AriEvent, { readonly type: "ApplicationReplaced" }>): void {
    if (event.type === "StasisStart") void this.#joinBridge();
    // Transferred, the callee needs our media no more.
    if (event.type === "ChannelDestroyed" && this.#phase !== "transferred") this.#deleteCallee();
  }

  async #joinBridge(): Promise<void> {
    try {
      await this.#bridge.add([this.calleeId, this.mediaId]);
      if (this.#phase === "answered") this.#phase = "bridged";
    } catch {
      this.#mediaFailed();
    }
  }

  /** An answered callee who cannot hear us is hung up on. */
  #mediaFailed(): void {
    if (this.#phase !== "ended") this.#deleteCallee();
  }

  get #hasEnded(): boolean {
    return this.#phase === "ended";
  }

  #dialQuery(to: string, role: "callee" | "target"): Record<string, string | undefined> {
    const { settings, request } = this.#options;
    return {
      endpoint: settings.endpointOf(to),
      app: settings.app,
      appArgs: role,
      callerId: settings.callerId,
      timeout: String(Math.max(1, Math.round(request.ringMsMax / 1000))),
    };
  }

  /** Asterisk dials. It ends the ringing in time; where nobody hears of that, we ask. */
  #dialled(): void {
    if (this.#hasEnded) return;
    this.#isDialled = true;
    if (this.#isCancelled) return this.#deleteCallee();
    const { ringMsMax } = this.#options.request;
    this.#after(ringMsMax + overdueMs, () => {
      if (this.#phase === "dialling") void this.#lookAfterOverdue();
    });
  }

  async #lookAfterOverdue(): Promise<void> {
    const reply = await this.#insist("GET");
    if (reply === undefined || this.#phase !== "dialling") return;
    if (reply.status === 404) return this.reconcile(undefined);
    const [channel] = parseAriChannels([reply.body]);
    if (channel?.state === "Up") return this.#answered();
    this.#isOverdue = true;
    this.#deleteCallee();
  }

  /**
   * No whole answer came to our request to dial: did Asterisk do it? One that is slow may do it
   * yet: then nobody can say, and who answers is hung up on as a stranger.
   */
  async #askWhatBecameOfIt(why: string, mayStillBeDone: boolean): Promise<void> {
    const reply = await this.#insist("GET");
    if (reply === undefined || this.#phase !== "dialling") return;
    if (reply.status !== 404) return this.#dialled();
    if (this.#isCancelled) return this.#end("cancelled", why);
    this.#end(mayStillBeDone ? "unknown" : "failed", why);
  }

  #deleteCallee(): void {
    void this.#deletedCallee();
  }

  /** The event about it knows the cause; where that is lost, it has ended all the same. */
  async #deletedCallee(): Promise<void> {
    const reply = await this.#insist("DELETE");
    if (reply === undefined || !this.#isDialled) return;
    this.#after(lastWordMs, () => this.reconcile(undefined));
  }

  /** Asks about the callee's channel; who gets no word from Asterisk for a minute gives up. */
  async #insist(method: "GET" | "DELETE"): Promise<AriReply | undefined> {
    const path = `/channels/${encodeURIComponent(this.calleeId)}`;
    const reply = await this.#options.http.insist(method, path);
    if (reply === undefined) this.giveUp("Asterisk does not answer");
    return reply;
  }

  #after(delayMs: number, run: () => void): void {
    if (!this.#hasEnded) this.#timers.push(this.#options.time.after(delayMs, run));
  }

  #end(outcome: TrunkOutcome, cause: string): void {
    if (this.#phase === "ended") return;
    const hadMedia = this.#phase !== "dialling";
    // Who was handed on stays with whom they talk to, also when it is us who end.
    const channels = this.isHandedOn ? [this.mediaId] : [this.mediaId, this.targetId];
    this.#phase = "ended";
    for (const timer of this.#timers) timer.cancel();
    this.#transfer.giveUp("the callee hung up");
    this.#options.done();
    if (hadMedia) void this.#bridge.takeAway(channels);
    this.#options.listener({ kind: "ended", outcome, cause });
  }
}
