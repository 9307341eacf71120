/**
 * A trunk through FreeSWITCH, by its Event Socket: whatever FreeSWITCH can dial, we can. The audio
 * of an answered call comes over a WebSocket that `mod_audio_fork` or `mod_audio_stream` opens to
 * our gateway.
 *
 * Events that are missed are asked for: when the connection comes back, every attempt is compared
 * with FreeSWITCH's list of channels, and channels of ours that nobody knows are hung up.
 */
import { EngineError } from "../../../base/errors.js";
import type { Time, Timer } from "../../../base/ports.js";
import { isDialable, notDialable } from "../dial-string.js";
import { endedAttempt } from "../plain-attempt.js";
import type { TrunkLog } from "../trunk-log.js";
import type { OriginateRequest, Trunk, TrunkAttempt, TrunkEvent, TrunkHealth } from "../trunk.js";
import { EslClient } from "./esl-client.js";
import { parseEslChannels, type EslEvent } from "./esl-event.js";
import { FreeSwitchAttempt } from "./freeswitch-attempt.js";
import { kill, type FreeSwitchMedia, type FreeSwitchSettings } from "./freeswitch-commands.js";

export type FreeSwitchTrunkOptions = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Secret. */
  readonly password: string;
  /** Names our channels: one engine each. */
  readonly app: string;
  /** Dial string with `{to}` in it, e.g. `sofia/gateway/provider/{to}`. */
  readonly endpoint: string;
  readonly callerId?: string;
  readonly media: FreeSwitchMedia;
  readonly rateHz: 8000 | 16000;
  readonly time: Time;
  readonly log: TrunkLog;
};

/** Without FreeSWITCH for so long, nobody can say any more what became of an attempt. */
const lostMsMax = 60_000;
const startMsMax = 10_000;
const stopMsMax = 2000;

export function createFreeSwitchTrunk(options: FreeSwitchTrunkOptions): Trunk {
  return new FreeSwitchTrunk(options);
}

class FreeSwitchTrunk implements Trunk {
  readonly name: string;
  readonly #options: FreeSwitchTrunkOptions;
  readonly #settings: FreeSwitchSettings;
  /** By the callee's channel. */
  readonly #attempts = new Map<string, FreeSwitchAttempt>();
  readonly #whenUp = new Set<() => void>();
  readonly #whenIdle = new Set<() => void>();
  #esl: EslClient | undefined;
  #down: string | undefined = "not started";
  #lostTimer: Timer | undefined;
  #isStopping = false;

  constructor(options: FreeSwitchTrunkOptions) {
    const { name, app, endpoint, callerId, media, rateHz } = options;
    this.name = name;
    this.#options = options;
    this.#settings = {
      app,
      media,
      rateHz,
      endpointOf: (to) => endpoint.replace("{to}", to),
      ...(callerId === undefined ? {} : { callerId }),
    };
  }

  async start(): Promise<void> {
    const { time, host, port, password } = this.#options;
    this.#isStopping = false;
    let timer: Timer | undefined;
    const up = new Promise<boolean>((resolve) => {
      this.#whenUp.add(() => resolve(true));
      timer = time.after(startMsMax, () => resolve(false));
    });
    this.#esl = new EslClient({
      ...{ host, port, password, time },
      event: (event) => this.#event(event),
      connected: () => void this.#connected(),
      lost: (why) => this.#lost(why),
    });
    const isUp = await up;
    timer?.cancel();
    if (isUp) return;
    const why = this.#down ?? "no answer";
    this.#close();
    const message = `trunk ${this.name}: no FreeSWITCH at ${host}:${port} within ${startMsMax} ms: ${why}`;
    throw new EngineError("TRUNK_DOWN", message, { host, port });
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
    const { time } = this.#options;
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) return endedAttempt(refusal, listener, time);
    const attempt: FreeSwitchAttempt = new FreeSwitchAttempt({
      esl: this.#esl!,
      settings: this.#settings,
      request,
      time,
      listener: (event) => time.soon(() => listener(event)),
      done: () => this.#forget(attempt),
    });
    this.#attempts.set(attempt.channelId, attempt);
    void attempt.dial();
    return attempt;
  }

  #refusalOf({ to, callId }: OriginateRequest): Extract<TrunkEvent, { kind: "ended" }> | undefined {
    const failed = (cause: string) => ({ kind: "ended", outcome: "failed", cause }) as const;
    if (!isDialable(to)) return { kind: "ended", outcome: "invalid_number", cause: notDialable };
    if (!isDialable(callId))
      return failed("the call id has characters that no channel id can hold");
    if (this.#isStopping) return failed("the trunk is stopped");
    if (this.#down !== undefined) return failed(`the trunk is down: ${this.#down}`);
    const isTaken = this.#attempts.has(`${this.#settings.app}.${callId}`);
    return isTaken ? failed("another attempt has this call id") : undefined;
  }

  #close(): void {
    this.#lostTimer?.cancel();
    this.#lostTimer = undefined;
    this.#esl?.close();
    this.#esl = undefined;
    this.#down = "stopped";
  }

  #event(event: EslEvent): void {
    const { channelId, name } = event;
    const attempt = this.#attempts.get(channelId.replace(/\.target$/, ""));
    if (attempt !== undefined) return attempt.take(event);
    // A call that was given up comes about all the same: nobody is there to talk to it.
    const isOurs = channelId.startsWith(`${this.#settings.app}.`);
    if (isOurs && (name === "CHANNEL_CREATE" || name === "CHANNEL_ANSWER")) this.#kill(channelId);
  }

  /** Events come again. What became of our channels meanwhile? */
  async #connected(): Promise<void> {
    const esl = this.#esl!;
    const asked = [...this.#attempts.values()];
    try {
      const channels = parseEslChannels(await esl.job("show channels as json"));
      if (channels === undefined) throw new EngineError("ESL_REFUSED", "no list of channels");
      const states = new Map(channels.map(({ id, callState }) => [id, callState]));
      for (const attempt of asked) attempt.reconcile(states.get(attempt.channelId));
      this.#hangUpStrangers([...states.keys()]);
    } catch (error) {
      // As good as lost; a connection that cannot tell is not asked again until the next one.
      this.#log("warn", "FreeSWITCH does not say which channels it has", { error });
    }
    if (this.#esl !== esl || !esl.isUp) return;
    this.#lostTimer?.cancel();
    this.#lostTimer = undefined;
    this.#down = undefined;
    this.#log("info", "the trunk is up", {});
    for (const resolve of this.#whenUp) resolve();
    this.#whenUp.clear();
  }

  /** Channels of an earlier life of ours. */
  #hangUpStrangers(ids: readonly string[]): void {
    const prefix = `${this.#settings.app}.`;
    const strangers = ids.filter(
      (id) => id.startsWith(prefix) && !this.#attempts.has(id.replace(/\.target$/, "")),
    );
    if (strangers.length === 0) return;
    this.#log("warn", "channels of an earlier life are hung up", { count: strangers.length });
    for (const id of strangers) this.#kill(id);
  }

  #kill(channelId: string): void {
    // One that is gone already is what we wanted.
    this.#esl?.job(kill(channelId, true)).catch(() => undefined);
  }

  #lost(why: string): void {
    if (this.#down === undefined) this.#log("warn", "the trunk lost its FreeSWITCH", { why });
    this.#down = why;
    // From the first loss: attempts to come back that fail do not begin it anew.
    this.#lostTimer ??= this.#options.time.after(lostMsMax, () => {
      for (const attempt of [...this.#attempts.values()]) {
        attempt.giveUp(`no FreeSWITCH for ${lostMsMax} ms: ${why}`);
      }
    });
  }

  #forget(attempt: FreeSwitchAttempt): void {
    this.#attempts.delete(attempt.channelId);
    if (this.#attempts.size > 0) return;
    for (const resolve of this.#whenIdle) resolve();
    this.#whenIdle.clear();
  }

  #log(level: "info" | "warn" | "error", message: string, fields: object): void {
    this.#options.log(level, message, { trunk: this.name, ...fields });
  }
}
