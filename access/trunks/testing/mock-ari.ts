/**
 * Channels and bridges as Asterisk has them behind its REST interface: every step is an event. How
 * a callee behaves, the number in its dial string says.
 */
import type { Time } from "../../../base/ports.js";

export type AriAnswer = { readonly status: number; readonly body?: unknown };

type Channel = {
  readonly id: string;
  readonly name: string;
  state: "Down" | "Ringing" | "Up";
  keys: string;
  readonly variables: Map<string, string>;
  /** Whom the dialplan has joined it with. */
  joinedWith: Channel | undefined;
};

/** Q.850 cause and SIP status of callees who do not answer. */
const endings: Readonly<Record<string, readonly [cause: number, sip: number]>> = {
  busy: [17, 486],
  rejects: [21, 603],
  unknown: [1, 404],
  congested: [34, 503],
};
const stepMs = 5;
const ok: AriAnswer = { status: 204 };
const noChannel: AriAnswer = { status: 404, body: { message: "Channel not found" } };

export class MockAri {
  readonly channels = new Map<string, Channel>();
  readonly bridges = new Map<string, Set<string>>();
  /** Everything that was asked of it, as `POST /channels`, in order. */
  readonly requests: string[] = [];
  /** How often each channel id was dialled. */
  readonly dialled = new Map<string, number>();
  readonly #time: Time;
  readonly #tell: (event: object) => void;

  constructor(time: Time, tell: (event: object) => void) {
    this.#time = time;
    this.#tell = tell;
  }

  run(method: string, path: string, query: URLSearchParams): AriAnswer {
    const [, kind, id = "", what] = path.split("/").map(decodeURIComponent);
    this.requests.push(`${method} ${path}`);
    if (kind === "bridges") return this.#bridge(method, id, what, query);
    if (kind !== "channels") return { status: 404, body: { message: "no such resource" } };
    if (path === "/channels/externalMedia") return this.#media(query.get("channelId")!);
    if (id === "") return method === "GET" ? this.#list() : this.#originate(query);
    const channel = this.channels.get(id);
    return channel === undefined ? noChannel : this.#channel(channel, method, what, query);
  }

  /** The channel's other end, or somebody's request, hangs it up. */
  hangup(id: string, cause = 16, sip?: number): void {
    const channel = this.channels.get(id);
    if (channel === undefined) return;
    this.channels.delete(id);
    for (const members of this.bridges.values()) members.delete(id);
    const tech = sip === undefined ? {} : { tech_cause: sip };
    this.#tell({ type: "ChannelDestroyed", channel: shown(channel), cause, ...tech });
    if (channel.joinedWith !== undefined) this.hangup(channel.joinedWith.id);
  }

  #channel(
    channel: Channel,
    method: string,
    what: string | undefined,
    query: URLSearchParams,
  ): AriAnswer {
    switch (what) {
      case undefined:
        if (method === "DELETE") this.hangup(channel.id);
        return method === "DELETE" ? ok : { status: 200, body: shown(channel) };
      case "dtmf":
        channel.keys += query.get("dtmf") ?? "";
        return ok;
      case "variable":
        return this.#variable(channel, method, query);
      case "continue": {
        const name = channel.variables.get("VOXTREE_CALLEE");
        const other = [...this.channels.values()].find((one) => one.name === name);
        channel.joinedWith = other;
        if (other !== undefined) other.joinedWith = channel;
        return ok;
      }
      default:
        return ok;
    }
  }

  #variable({ variables }: Channel, method: string, query: URLSearchParams): AriAnswer {
    const name = query.get("variable")!;
    if (method === "GET") {
      return { status: 200, body: { value: name.startsWith("DIALPLAN") ? "1" : "(ulaw)" } };
    }
    variables.set(name, query.get("value")!);
    return ok;
  }

  #bridge(method: string, id: string, what: string | undefined, query: URLSearchParams): AriAnswer {
    if (method === "GET") {
      const all = [...this.bridges].map(([bridge, members]) => {
        return { id: bridge, bridge_class: "stasis", channels: [...members] };
      });
      const joined = [...this.channels.values()].filter((one) => one.joinedWith !== undefined);
      const channels = joined.map((one) => one.id);
      return { status: 200, body: [...all, { id: "dialplan", bridge_class: "basic", channels }] };
    }
    if (id === "") {
      this.bridges.set(query.get("bridgeId")!, new Set());
      return { status: 200, body: {} };
    }
    if (method === "DELETE") return this.bridges.delete(id) ? ok : { status: 404 };
    if (what === "addChannel") {
      for (const one of query.get("channel")!.split(",")) this.bridges.get(id)?.add(one);
    }
    return ok;
  }

  #list(): AriAnswer {
    return { status: 200, body: [...this.channels.values()].map(shown) };
  }

  #originate(query: URLSearchParams): AriAnswer {
    const id = query.get("channelId")!;
    if (this.channels.has(id)) return { status: 409, body: { message: "id in use" } };
    const who = /\/([^/@]+)(@|$)/.exec(query.get("endpoint")!)?.[1] ?? "";
    this.dialled.set(id, (this.dialled.get(id) ?? 0) + 1);
    const channel = newChannel(id, "PJSIP", "Down");
    this.channels.set(id, channel);
    const timeoutMs = Number(query.get("timeout") ?? 30) * 1000;
    this.#time.after(stepMs, () => this.#ring(channel, who, timeoutMs));
    return { status: 200, body: shown(channel) };
  }

  #ring(channel: Channel, who: string, timeoutMs: number): void {
    if (!this.channels.has(channel.id)) return;
    const ending = endings[who];
    if (ending !== undefined) return this.hangup(channel.id, ...ending);
    channel.state = "Ringing";
    this.#dial(channel, "RINGING");
    if (who === "early") this.#dial(channel, "PROGRESS");
    const isSilent = who === "silent";
    this.#time.after(isSilent ? timeoutMs : stepMs, () => {
      if (!this.channels.has(channel.id)) return;
      if (isSilent) return this.hangup(channel.id, 19, 480);
      channel.state = "Up";
      this.#tell({ type: "StasisStart", channel: shown(channel), args: ["callee"] });
    });
  }

  #dial(channel: Channel, dialstatus: string): void {
    this.#tell({ type: "Dial", peer: shown(channel), dialstatus });
  }

  #media(id: string): AriAnswer {
    const channel = newChannel(id, "WebSocket", "Up");
    this.channels.set(id, channel);
    const start = (): void => this.#tell({ type: "StasisStart", channel: shown(channel) });
    this.#time.after(stepMs, start);
    return { status: 200, body: shown(channel) };
  }
}

function newChannel(id: string, kind: string, state: Channel["state"]): Channel {
  const variables = new Map<string, string>();
  return { id, name: `${kind}/${id}`, state, keys: "", variables, joinedWith: undefined };
}

function shown({ id, name, state }: Channel): object {
  return { id, name, state };
}
