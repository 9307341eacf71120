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
import type { Time } from "../../../base/ports.js";
import { isDialable, notDialable } from "../dial-string.js";
import type { TrunkLog } from "../trunk-log.js";
import { invalidNumber, TrunkShell } from "../trunk-shell.js";
import type { OriginateRequest, Trunk, TrunkAttempt, TrunkEvent, TrunkHealth } from "../trunk.js";
import {
  bridgesOfStasis,
  channelsOfDialplan,
  parseAriChannels,
  type AriEvent,
} from "./ari-event.js";
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

export function createAsteriskTrunk(options: AsteriskTrunkOptions): Trunk {
  return new AsteriskTrunk(options);
}

class AsteriskTrunk implements Trunk {
  readonly name: string;
  readonly #options: AsteriskTrunkOptions;
  /** A new one in each life. */
  #http: AriHttp;
  readonly #settings: AttemptSettings;
  /** By the callee's channel. */
  readonly #shell: TrunkShell<AsteriskAttempt>;
  #events: AriEvents | undefined;

  constructor(options: AsteriskTrunkOptions) {
    const { name, address, app, endpoint, callerId, mediaClient, format, time, log } = options;
    this.name = name;
    this.#options = options;
    this.#http = new AriHttp(address, time);
    this.#shell = new TrunkShell({ name, peer: "Asterisk", time, log });
    this.#settings = {
      app,
      mediaClient,
      format,
      endpointOf: (to) => endpoint.replace("{to}", to),
      ...(callerId === undefined ? {} : { callerId }),
    };
  }

  async start(): Promise<void> {
    const { time, address, app } = this.#options;
    this.#http = new AriHttp(address, time);
    const connect = (): void => {
      this.#events = new AriEvents({
        ...{ address, app, time },
        event: (event) => this.#event(event),
        connected: () => void this.#connected(),
        lost: (why) => this.#shell.lost(why),
      });
    };
    await this.#shell.start(address.url, connect).catch(async (error: unknown) => {
      await this.#close();
      throw error;
    });
  }

  async stop(): Promise<void> {
    await this.#shell.stop();
    await this.#close();
  }

  health(): TrunkHealth {
    return this.#shell.health();
  }

  originate(request: OriginateRequest, listener: (event: TrunkEvent) => void): TrunkAttempt {
    return this.#shell.originate({
      key: this.#channelOf(request.callId),
      problem: isDialable(request.to) ? undefined : invalidNumber(notDialable),
      listener,
      make: (wiring) =>
        new AsteriskAttempt({
          ...wiring,
          http: this.#http,
          time: this.#options.time,
          settings: this.#settings,
          request,
        }),
    });
  }

  #channelOf(callId: string): string {
    return `${this.#settings.app}.${callId}`;
  }

  /** All channels of an attempt lead to it, and its bridge. */
  #attemptOf(channelId: string): AsteriskAttempt | undefined {
    return this.#shell.find(channelId.replace(/\.(media|target|bridge)$/, ""));
  }

  async #close(): Promise<void> {
    this.#events?.close();
    this.#events = undefined;
    await this.#http.close();
  }

  #event(event: AriEvent): void {
    if (event.type === "ApplicationReplaced") {
      return this.#shell.log("error", "another client of Asterisk has taken our application over", {
        app: this.#settings.app,
      });
    }
    const attempt = this.#attemptOf(event.channelId);
    if (attempt !== undefined) return attempt.take(event);
    // Asked for by an attempt that is over, whose answer was lost.
    if (event.type !== "StasisStart") return;
    this.#hangUpStrangers([event.channelId]).catch((error: unknown) =>
      this.#shell.log("warn", "Asterisk does not hang up a channel of ours", { error }),
    );
  }

  /** Events come again. What became of our channels meanwhile? */
  async #connected(): Promise<void> {
    const events = this.#events!;
    const asked = this.#shell.attempts;
    try {
      const channels = parseAriChannels(await this.#list("channels"));
      const states = new Map(channels.map(({ id, state }) => [id, state]));
      for (const attempt of asked) attempt.reconcile(states.get(attempt.calleeId));
      await this.#clearAway([...states.keys()]);
    } catch (error) {
      // A socket without the rest is of no use: as good as lost.
      events.drop((error as Error).message);
      return;
    }
    if (this.#events !== events || !events.isUp) return;
    events.settled();
    this.#shell.up();
  }

  /** Channels and bridges of an earlier life: nobody is there to talk to them. */
  async #clearAway(channelIds: readonly string[]): Promise<void> {
    await this.#hangUpStrangers(channelIds);
    const own = bridgesOfStasis(await this.#list("bridges")).filter(
      (id) => id.startsWith(this.#channelOf("")) && this.#attemptOf(id) === undefined,
    );
    await Promise.all(
      own.map((id) => this.#http.insist("DELETE", `/bridges/${encodeURIComponent(id)}`)),
    );
  }

  /** All but who was handed on: they talk to each other. */
  async #hangUpStrangers(ids: readonly string[]): Promise<void> {
    const prefix = this.#channelOf("");
    const unknown = ids.filter((id) => id.startsWith(prefix) && this.#attemptOf(id) === undefined);
    if (unknown.length === 0) return;
    const handedOn = channelsOfDialplan(await this.#list("bridges"));
    const strangers = unknown.filter((id) => !handedOn.has(id));
    if (strangers.length === 0) return;
    this.#shell.log("warn", "channels of an earlier life are hung up", { count: strangers.length });
    await Promise.all(
      strangers.map((id) => this.#http.insist("DELETE", `/channels/${encodeURIComponent(id)}`)),
    );
  }

  /** @throws {EngineError} `ARI_UNREACHABLE`, `ARI_REFUSED` also where it is no list */
  async #list(what: "channels" | "bridges"): Promise<readonly unknown[]> {
    const reply = await this.#http.ask("GET", `/${what}`);
    if (reply.status === 200 && Array.isArray(reply.body)) return reply.body as unknown[];
    const why = reply.status === 200 ? "its answer is no list" : refusalOf(reply);
    const message = `Asterisk does not say which ${what} it has: ${why}`;
    throw new EngineError("ARI_REFUSED", message, { status: reply.status });
  }
}
