/**
 * Channels as FreeSWITCH has them: they ring, answer, are bridged, forked and hung up, and every
 * step is an event. How a callee behaves, the last part of its dial string says.
 */
import { WebSocket } from "ws";
import type { Time, Timer } from "../../../base/ports.js";

export type SwitchEvent = (
  name: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
) => void;

type Channel = {
  readonly id: string;
  readonly variables: Map<string, string>;
  isAnswered: boolean;
  /** Ends the dialling with this cause. */
  readonly fail: (cause: string) => void;
  bridgedWith: string | undefined;
  media: WebSocket | undefined;
  keys: string;
};

/** Cause and SIP status of callees who do not answer. */
const endings: Readonly<Record<string, readonly [cause: string, sip: string]>> = {
  busy: ["USER_BUSY", "486"],
  rejects: ["CALL_REJECTED", "603"],
  unknown: ["UNALLOCATED_NUMBER", "404"],
  congested: ["NORMAL_TEMPORARY_FAILURE", "503"],
  nobody: ["RECOVERY_ON_TIMER_EXPIRE", "408"],
  codec: ["INCOMPATIBLE_DESTINATION", "488"],
};
const stepMs = 10;
const frameMs = 20;

export class MockSwitch {
  readonly channels = new Map<string, Channel>();
  /** Everything that was asked of it, in order. */
  readonly commands: string[] = [];
  readonly #time: Time;
  readonly #tell: SwitchEvent;
  #isResultFirst = false;

  constructor(time: Time, tell: SwitchEvent) {
    this.#time = time;
    this.#tell = tell;
  }

  run(command: string): Promise<string> {
    this.commands.push(command);
    const [verb = "", id = "", ...words] = command.split(" ");
    if (verb === "originate") return this.#originate(command);
    if (verb === "show") return Promise.resolve(this.#list());
    if (verb === "uptime") return Promise.resolve("12345\n");
    const channel = this.channels.get(id);
    if (channel === undefined) return Promise.resolve("-ERR No such channel!\n");
    return Promise.resolve(this.#channelCommand(channel, verb, words));
  }

  /** The channel's other end, or somebody's command, hangs it up. */
  hangup(id: string, cause = "NORMAL_CLEARING", sip = "200"): void {
    const channel = this.channels.get(id);
    if (channel === undefined) return;
    this.channels.delete(id);
    channel.media?.terminate();
    const result = (): void => channel.fail(cause);
    // Dialling and the channel end at the same time: either may be told first.
    this.#isResultFirst = !this.#isResultFirst;
    if (this.#isResultFirst) result();
    this.#channelEvent(channel, "CHANNEL_HANGUP_COMPLETE", {
      "Hangup-Cause": cause,
      variable_hangup_cause: cause,
      variable_sip_term_status: sip,
      variable_proto_specific_hangup_cause: `sip:${sip}`,
    });
    if (!this.#isResultFirst) result();
    if (channel.bridgedWith !== undefined) this.hangup(channel.bridgedWith);
  }

  press(id: string, digit: string): void {
    const channel = this.channels.get(id);
    if (channel === undefined) throw new Error(`no channel ${id}`);
    const headers = { "DTMF-Digit": digit, "DTMF-Duration": "2000", "DTMF-Source": "RTP" };
    this.#channelEvent(channel, "DTMF", headers);
  }

  #channelCommand(channel: Channel, verb: string, words: readonly string[]): string {
    switch (verb) {
      case "uuid_kill":
        this.hangup(channel.id, words[0] ?? "NORMAL_CLEARING", "487");
        return "+OK\n";
      case "uuid_send_dtmf":
        channel.keys += words[0]!.replace(/@\d+$/, "");
        return "+OK\n";
      case "uuid_audio_fork":
        // Its last words count only when all ten are there.
        if (words[0] === "start") this.#fork(channel, words[1]!, words.length >= 8 ? words[5] : "");
        else channel.media?.close();
        return "+OK Success\n";
      case "uuid_audio_stream":
        if (words[0] === "start") this.#fork(channel, words[1]!, words[4]);
        else channel.media?.close();
        return "+OK Success\n";
      case "uuid_bridge": {
        const other = this.channels.get(words[0]!);
        if (other === undefined) return "-ERR Invalid uuid\n";
        channel.bridgedWith = other.id;
        other.bridgedWith = channel.id;
        return `+OK ${other.id}\n`;
      }
      case "uuid_setvar":
        channel.variables.set(words[0]!, words[1]!);
        return "+OK\n";
      case "uuid_getvar":
        return channel.variables.get(words[0]!) ?? "_undef_";
      case "uuid_broadcast":
      case "uuid_break":
        return "+OK Message sent\n";
      default:
        return `-ERR ${verb} command not found!\n`;
    }
  }

  #originate(command: string): Promise<string> {
    const parts = /^originate \{([^}]*)\}(\S+) &park\(\)$/.exec(command);
    if (parts === null) return Promise.resolve("-ERR usage: originate …\n");
    const variables = new Map(
      parts[1]!.split(",").map((pair) => pair.split("=") as [string, string]),
    );
    const who = parts[2]!.split("/").at(-1)!;
    const id = variables.get("origination_uuid")!;
    if (who === "nogateway") return Promise.resolve("-ERR INVALID_GATEWAY\n");
    if (this.channels.has(id)) return Promise.resolve("-ERR DUPLICATE_UUID\n");
    return new Promise((resolve) => {
      const channel: Channel = {
        id,
        variables,
        isAnswered: false,
        fail: (cause) => resolve(`-ERR ${cause}\n`),
        ...{ bridgedWith: undefined, media: undefined, keys: "" },
      };
      this.#time.after(stepMs, () => {
        this.channels.set(id, channel);
        this.#channelEvent(channel, "CHANNEL_CREATE", {});
        this.#time.after(stepMs, () => this.#ring(channel, who, resolve));
      });
    });
  }

  #ring(channel: Channel, who: string, resolve: (output: string) => void): void {
    if (!this.channels.has(channel.id)) return;
    const ending = endings[who];
    if (ending !== undefined) return this.hangup(channel.id, ...ending);
    if (who === "early") {
      this.#channelEvent(channel, "CHANNEL_PROGRESS_MEDIA", {});
      if (channel.variables.get("ignore_early_media") !== "true") resolve(`+OK ${channel.id}\n`);
    } else this.#channelEvent(channel, "CHANNEL_PROGRESS", {});
    if (who === "silent") {
      const seconds = Number(channel.variables.get("originate_timeout") ?? 60);
      return void this.#time.after(seconds * 1000, () =>
        this.hangup(channel.id, "NO_ANSWER", "487"),
      );
    }
    this.#time.after(stepMs, () => {
      if (!this.channels.has(channel.id)) return;
      channel.isAnswered = true;
      this.#channelEvent(channel, "CHANNEL_ANSWER", {});
      resolve(`+OK ${channel.id}\n`);
    });
  }

  /** Connects the audio, as both modules do: metadata first, then samples all the time. */
  #fork(channel: Channel, url: string, metadata: string | undefined): void {
    const isFork = url.endsWith("/media/audio-fork");
    const module = isFork ? "mod_audio_fork" : "mod_audio_stream";
    const socket = new WebSocket(url, isFork ? ["audio.drachtio.org"] : []);
    channel.media = socket;
    let timer: Timer | undefined;
    const frame = (): void => {
      socket.send(new Uint8Array(8 * frameMs * 2));
      timer = this.#time.after(frameMs, frame);
    };
    socket.on("open", () => {
      if (metadata !== undefined && metadata !== "") socket.send(metadata);
      frame();
    });
    socket.on("message", (data, isBinary) => {
      if (!isBinary) this.#mediaText(channel, module, (data as Buffer).toString());
    });
    socket.on("error", (error) => {
      const failed = isFork ? "mod_audio_fork::connect_failed" : "mod_audio_stream::error";
      this.#channelEvent(channel, failed, {}, JSON.stringify({ reason: error.message }));
    });
    socket.on("close", () => {
      timer?.cancel();
      this.#channelEvent(channel, `${module}::disconnect`, {});
    });
  }

  #mediaText(channel: Channel, module: string, text: string): void {
    if (module !== "mod_audio_stream") return;
    const { type } = JSON.parse(text) as { type?: string };
    if (type !== "streamAudio") return this.#channelEvent(channel, `${module}::json`, {}, text);
    const body = '{"audioDataType":"raw","sampleRate":8000,"file":"/tmp/1_0.tmp.r8"}';
    this.#channelEvent(channel, `${module}::play`, {}, body);
  }

  #channelEvent(
    { id, isAnswered }: Channel,
    name: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): void {
    const state = isAnswered ? "answered" : "ringing";
    this.#tell(name, { "Unique-ID": id, "Answer-State": state, ...headers }, body);
  }

  #list(): string {
    const rows = [...this.channels.values()].map(({ id, isAnswered }) => {
      return { uuid: id, callstate: isAnswered ? "ACTIVE" : "RINGING", cid_name: "安娜" };
    });
    const none = { row_count: 0 };
    return `${JSON.stringify(rows.length === 0 ? none : { row_count: rows.length, rows })}\n`;
  }
}
