/**
 * A trunk through Asterisk, by its REST interface: whatever Asterisk can dial, we can. The media of
 * an answered call comes over a WebSocket that Asterisk opens to our gateway.
 *
 * Events that are missed are asked for: when the event socket comes back, every attempt is compared
 * with Asterisk's list of channels, and channels of ours that nobody knows are hung up.
 *
 * @see https://docs.asterisk.org/Configuration/Interfaces/Asterisk-REST-Interface-ARI/
 */
import { EngineError } from "../../../base/errors.js";
import type { Time, Timer } from "../../../base/ports.js";
import { isDialable, notDialable } from "../dial-string.js";
import { endedAttempt } from "../plain-attempt.js";
import type { TrunkLog } from "../trunk-log.js";
import type { OriginateRequest, Trunk, TrunkAttempt, TrunkEvent, TrunkHealth } from "../trunk.js";
import { parseAriChannels, type AriEvent } from "./ari-event.js";
import { AriEvents } from "./ari-events.js";
import { AriHttp, refusalOf, type AriAddress } from "./ari-http.js";
import { AsteriskAttempt, type AttemptSettings } from "./asterisk-attempt.js";
import type { AsteriskFormatChoice } from "./media-format.js";

export type AsteriskTrunkOptions = {
  readonly name: string;
  readonly address: AriAddress;
  /** Stasis application; one engine each: it names our channels too. */
  readonly app: string;
  /** Dial string with `{to}` in it, e.g. `PJSIP/{to}@trunk`. */
  readonly endpoint: string;
  readonly callerId?: string;
  /** Section of `websocket_client.conf` that leads to our gateway. */
  readonly mediaClient: string;
  readonly format: AsteriskFormatChoice;
  readonly time: Time;
  readonly log: TrunkLog;
};

/** Without Asterisk for so long, nobody can say any more what became of an attempt. */
const lostMsMax = 60_000;
const startMsMax = 10_000;
const stopMsMax = 2000;
export function createAsteriskTrunk(options: AsteriskTrunkOptions): Trunk {
  return new AsteriskTrunk(options);
}

class AsteriskTrunk implements Trunk {
  readonly name: string;
  readonly #options: AsteriskTrunkOptions;
  readonly #http: AriHttp;
  readonly #settings: AttemptSettings;
  /** By the callee's channel. */
  readonly #attempts = new Map<string, AsteriskAttempt>();
  /** All channels of an attempt lead to it. */
  readonly #byChannel = new Map<string, AsteriskAttempt>();
  readonly #whenUp = new Set<() => void>();
  readonly #whenIdle = new Set<() => void>();
  #events: AriEvents | undefined;
  #down: string | undefined = "not started";
  #lostTimer: Timer | undefined;
  #isStopping = false;

  constructor(options: AsteriskTrunkOptions) {
    const { name, address, app, endpoint, callerId, mediaClient, format } = options;
    this.name = name;
    this.#options = options;
    this.#http = new AriHttp(address);
    this.#settings = {
      app,
      mediaClient,
      format,
      endpointOf: (to) => endpoint.replace("{to}", to),
      ...(callerId === undefined ? {} : { callerId }),
    };
  }

  async start(): Promise<void> {
    const { time, address } = this.#options;
    this.#isStopping = false;
    let timer: Timer | undefined;
    const up = new Promise<boolean>((resolve) => {
      this.#whenUp.add(() => resolve(true));
      timer = time.after(startMsMax, () => resolve(false));
    });
    this.#connect();
    const isUp = await up;
    timer?.cancel();
    if (isUp) return;
    const why = this.#down ?? "no answer";
    this.#close();
    const message = `trunk ${this.name}: no Asterisk at ${address.url} within ${startMsMax} ms: ${why}`;
    throw new EngineError("TRUNK_DOWN", message, { url: address.url });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    let timer: Timer | undefined;
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle.add(resolve);
      timer = this.#options.time.after(stopMsMax, resolve);
    });
    for (const attempt of this.#attempts.values()) attempt.hangup();
    if (this.#attempts.size > 0) await idle;
    timer?.cancel();
    for (const attempt of [...this.#attempts.values()]) attempt.giveUp("the trunk was stopped");
    this.#close();
  }

  health(): TrunkHealth {
    const attempts = this.#attempts.size;
    if (this.#down === undefined) return { isUp: true, attempts };
    return { isUp: false, note: this.#down, attempts };
  }

  originate(request: OriginateRequest, listener: (event: TrunkEvent) => void): TrunkAttempt {
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) return endedAttempt(refusal, listener, this.#options.time);
    const { time } = this.#options;
    const attempt: AsteriskAttempt = new AsteriskAttempt({
      http: this.#http,
      settings: this.#settings,
      request,
      listener: (event) => time.soon(() => listener(event)),
      done: () => this.#forget(attempt),
    });
    this.#attempts.set(attempt.calleeId, attempt);
    for (const id of [attempt.calleeId, attempt.mediaId, attempt.targetId]) {
      this.#byChannel.set(id, attempt);
    }
    void attempt.dial();
    return attempt;
  }

  #refusalOf({ to, callId }: OriginateRequest): Extract<TrunkEvent, { kind: "ended" }> | undefined {
    const failed = (cause: string) => ({ kind: "ended", outcome: "failed", cause }) as const;
    if (!isDialable(to)) return { kind: "ended", outcome: "invalid_number", cause: notDialable };
    if (this.#isStopping) return failed("the trunk is stopped");
    if (this.#down !== undefined) return failed(`the trunk is down: ${this.#down}`);
    const isTaken = this.#attempts.has(`${this.#settings.app}.${callId}`);
    return isTaken ? failed("another attempt has this call id") : undefined;
  }

  #connect(): void {
    const { address, app, time } = this.#options;
    this.#events = new AriEvents({
      address,
      app,
      time,
      event: (event) => this.#event(event),
      connected: () => void this.#connected(),
      lost: (why) => this.#lost(why),
    });
  }

  #close(): void {
    this.#lostTimer?.cancel();
    this.#events?.close();
    this.#events = undefined;
    this.#http.close();
    this.#down = "stopped";
  }

  #event(event: AriEvent): void {
    if (event.type === "ApplicationReplaced") {
      return this.#log("error", "another client of Asterisk has taken our application over", {
        app: this.#settings.app,
      });
    }
    const attempt = this.#byChannel.get(event.channelId);
    if (attempt !== undefined) return attempt.take(event);
    // Asked for by an attempt that is over, whose answer was lost.
    if (event.type !== "StasisStart") return;
    this.#hangUpStrangers([event.channelId]).catch((error: unknown) =>
      this.#log("warn", "Asterisk does not hang up a channel of ours", { error }),
    );
  }

  /** Events come again. What became of our channels meanwhile? */
  async #connected(): Promise<void> {
    const asked = [...this.#attempts.values()];
    try {
      const reply = await this.#http.ask("GET", "/channels");
      if (reply.status !== 200) throw new EngineError("ARI_REFUSED", refusalOf(reply));
      const channels = new Map(parseAriChannels(reply.body).map(({ id, state }) => [id, state]));
      for (const attempt of asked) attempt.reconcile(channels.get(attempt.calleeId));
      await this.#hangUpStrangers([...channels.keys()]);
    } catch (error) {
      // The socket is up, the rest is not: as good as lost. It is asked again when it reconnects.
      this.#log("warn", "Asterisk does not say which channels it has", { error });
    }
    this.#lostTimer?.cancel();
    this.#down = undefined;
    this.#log("info", "the trunk is up", {});
    for (const resolve of this.#whenUp) resolve();
    this.#whenUp.clear();
  }

  /** Channels of an earlier life of ours: nobody is there to talk to them. */
  async #hangUpStrangers(ids: readonly string[]): Promise<void> {
    const prefix = `${this.#settings.app}.`;
    const strangers = ids.filter((id) => id.startsWith(prefix) && !this.#byChannel.has(id));
    if (strangers.length === 0) return;
    this.#log("warn", "channels of an earlier life are hung up", { count: strangers.length });
    await Promise.all(
      strangers.map((id) => this.#http.ask("DELETE", `/channels/${encodeURIComponent(id)}`)),
    );
  }

  #lost(why: string): void {
    if (this.#down === undefined) this.#log("warn", "the trunk lost its Asterisk", { why });
    this.#down = why;
    this.#lostTimer?.cancel();
    this.#lostTimer = this.#options.time.after(lostMsMax, () => {
      for (const attempt of [...this.#attempts.values()]) {
        attempt.giveUp(`no Asterisk for ${lostMsMax} ms: ${why}`);
      }
    });
  }

  #forget(attempt: AsteriskAttempt): void {
    this.#attempts.delete(attempt.calleeId);
    // The ends of the others still come: they are no strangers until the next reconnection.
    for (const id of [attempt.calleeId, attempt.mediaId, attempt.targetId]) {
      this.#byChannel.delete(id);
    }
    if (this.#attempts.size > 0) return;
    for (const resolve of this.#whenIdle) resolve();
    this.#whenIdle.clear();
  }

  #log(level: "info" | "warn" | "error", message: string, fields: object): void {
    this.#options.log(level, message, { trunk: this.name, ...fields });
  }
}
