/**
 * A trunk through FreeSWITCH, by its Event Socket: whatever FreeSWITCH can dial, we can. The audio
 * of an answered call comes over a WebSocket that `mod_audio_fork` or `mod_audio_stream` opens to
 * our gateway.
 *
 * Events that are missed are asked for: when the connection comes back, every attempt is compared
 * with FreeSWITCH's list of channels, and channels of ours that nobody knows are hung up.
 */
import { EngineError } from "../../../base/errors.js";
import type { Time } from "../../../base/ports.js";
import { isDialable, notDialable } from "../dial-string.js";
import type { TrunkLog } from "../trunk-log.js";
import { failed, invalidNumber, TrunkShell, type Ended } from "../trunk-shell.js";
import type { OriginateRequest, Trunk, TrunkAttempt, TrunkEvent, TrunkHealth } from "../trunk.js";
import { EslClient } from "./esl-client.js";
import { parseEslChannels, type EslEvent } from "./esl-event.js";
import { FreeSwitchAttempt } from "./freeswitch-attempt.js";
import {
  isHandedOn,
  kill,
  type FreeSwitchMedia,
  type FreeSwitchSettings,
} from "./freeswitch-commands.js";

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

export function createFreeSwitchTrunk(options: FreeSwitchTrunkOptions): Trunk {
  return new FreeSwitchTrunk(options);
}

class FreeSwitchTrunk implements Trunk {
  readonly name: string;
  readonly #options: FreeSwitchTrunkOptions;
  readonly #settings: FreeSwitchSettings;
  /** By the callee's channel. */
  readonly #shell: TrunkShell<FreeSwitchAttempt>;
  #esl: EslClient | undefined;

  constructor(options: FreeSwitchTrunkOptions) {
    const { name, app, endpoint, callerId, media, rateHz, time, log } = options;
    this.name = name;
    this.#options = options;
    this.#shell = new TrunkShell({ name, peer: "FreeSWITCH", time, log });
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
    const connect = (): void => {
      this.#esl = new EslClient({
        ...{ host, port, password, time },
        event: (event) => this.#event(event),
        connected: () => void this.#connected(),
        lost: (why) => this.#shell.lost(why),
      });
    };
    await this.#shell.start(`${host}:${port}`, connect).catch((error: unknown) => {
      this.#close();
      throw error;
    });
  }

  async stop(): Promise<void> {
    await this.#shell.stop();
    this.#close();
  }

  health(): TrunkHealth {
    return this.#shell.health();
  }

  originate(request: OriginateRequest, listener: (event: TrunkEvent) => void): TrunkAttempt {
    const { time } = this.#options;
    return this.#shell.originate({
      key: this.#channelOf(request.callId),
      problem: problemOf(request),
      listener,
      make: (wiring) =>
        new FreeSwitchAttempt({
          ...wiring,
          esl: this.#esl!,
          settings: this.#settings,
          request,
          time,
        }),
    });
  }

  #channelOf(callId: string): string {
    return `${this.#settings.app}.${callId}`;
  }

  /** All channels of an attempt lead to it. */
  #attemptOf(channelId: string): FreeSwitchAttempt | undefined {
    return this.#shell.find(channelId.replace(/\.target$/, ""));
  }

  #close(): void {
    this.#esl?.close();
    this.#esl = undefined;
  }

  #event(event: EslEvent): void {
    const { channelId, name } = event;
    const attempt = this.#attemptOf(channelId);
    if (attempt !== undefined) return attempt.take(event);
    // A call that was given up comes about all the same: nobody is there to talk to it.
    const isOurs = channelId.startsWith(`${this.#settings.app}.`);
    if (isOurs && (name === "CHANNEL_CREATE" || name === "CHANNEL_ANSWER")) this.#kill(channelId);
  }

  /** Events come again. What became of our channels meanwhile? */
  async #connected(): Promise<void> {
    const esl = this.#esl!;
    const asked = this.#shell.attempts;
    try {
      const channels = parseEslChannels(await esl.job("show channels as json"));
      if (channels === undefined) throw new EngineError("ESL_REFUSED", "no list of channels");
      const states = new Map(channels.map(({ id, callState }) => [id, callState]));
      for (const attempt of asked) attempt.reconcile(states.get(attempt.channelId));
      await this.#hangUpStrangers(esl, [...states.keys()]);
    } catch (error) {
      // As good as lost; a connection that cannot tell is not asked again until the next one.
      this.#shell.log("warn", "FreeSWITCH does not say which channels it has", { error });
    }
    if (this.#esl !== esl || !esl.isUp) return;
    this.#shell.up();
  }

  /** Channels of an earlier life: nobody is there to talk to them, but for who was handed on. */
  async #hangUpStrangers(esl: EslClient, ids: readonly string[]): Promise<void> {
    const prefix = `${this.#settings.app}.`;
    const unknown = ids.filter((id) => id.startsWith(prefix) && this.#attemptOf(id) === undefined);
    const strangers: string[] = [];
    for (const id of unknown) {
      if ((await esl.job(isHandedOn(id))).trim() !== "true") strangers.push(id);
    }
    if (strangers.length === 0) return;
    this.#shell.log("warn", "channels of an earlier life are hung up", { count: strangers.length });
    for (const id of strangers) this.#kill(id);
  }

  #kill(channelId: string): void {
    // One that is gone already is what we wanted.
    this.#esl?.job(kill(channelId, true)).catch(() => undefined);
  }
}

function problemOf({ to, callId }: OriginateRequest): Ended | undefined {
  if (!isDialable(to)) return invalidNumber(notDialable);
  if (isDialable(callId)) return undefined;
  return failed("the call id has characters that no channel id can hold");
}
