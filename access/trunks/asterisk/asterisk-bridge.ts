/**
 * What joins a callee with our gateway inside Asterisk: a bridge, and a media channel, which is a
 * WebSocket that Asterisk opens to us.
 *
 * Whatever was asked for is taken away at the end, once its answer is there: what is taken away
 * before it exists comes all the same, and stays.
 */
import { EngineError } from "../../../base/errors.js";
import type { OriginateRequest } from "../trunk.js";
import { refusalOf, type AriHttp, type AriReply } from "./ari-http.js";
import type { AttemptSettings } from "./asterisk-attempt.js";
import { mediaFormatOf, nativeFormats, type AsteriskFormat } from "./media-format.js";

export type BridgeOptions = {
  readonly http: Pick<AriHttp, "ask" | "insist">;
  readonly settings: AttemptSettings;
  readonly request: OriginateRequest;
  readonly calleeId: string;
  readonly mediaId: string;
};

export class AsteriskBridge {
  readonly #options: BridgeOptions;
  readonly #id: string;
  #isMade: Promise<AriReply> | undefined;
  /** Answers to all that asks for something we have to take away again. */
  readonly #made: Promise<unknown>[] = [];

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#id = `${options.calleeId}.bridge`;
  }

  /**
   * Asks for the bridge and for the media channel: both are needed, neither needs the other.
   *
   * @throws {EngineError} `ARI_UNREACHABLE`, `ARI_REFUSED`
   */
  async open(): Promise<void> {
    const { http } = this.#options;
    const bridge = http.ask("POST", "/bridges", { type: "mixing", bridgeId: this.#id });
    const media = this.#openMedia();
    this.#isMade = bridge;
    this.#made.push(media, bridge);
    for (const reply of await Promise.all([media, bridge])) requireTaken(reply);
  }

  /** @throws {EngineError} `ARI_UNREACHABLE`, `ARI_REFUSED` */
  async add(channels: readonly string[]): Promise<void> {
    const path = `/bridges/${encodeURIComponent(this.#id)}/addChannel`;
    // A media socket may be quicker than the answer to the bridge's creation.
    await this.#isMade;
    requireTaken(await this.#options.http.ask("POST", path, { channel: channels.join(",") }));
  }

  /** Something else was asked for that `takeAway` has to wait for. */
  asked(reply: Promise<unknown>): void {
    this.#made.push(reply);
  }

  /** Takes the bridge and these channels away. */
  async takeAway(channels: readonly string[]): Promise<void> {
    await Promise.allSettled(this.#made);
    const paths = channels.map((id) => `/channels/${encodeURIComponent(id)}`);
    await Promise.all(
      [...paths, `/bridges/${encodeURIComponent(this.#id)}`].map((path) =>
        // What is gone already is what we wanted.
        this.#options.http.insist("DELETE", path),
      ),
    );
  }

  async #openMedia(): Promise<AriReply> {
    const { http, settings, request, mediaId } = this.#options;
    const { callId, token } = request;
    const uri = `callId=${encodeURIComponent(callId)},token=${encodeURIComponent(token)}`;
    return http.ask("POST", "/channels/externalMedia", {
      app: settings.app,
      channelId: mediaId,
      external_host: settings.mediaClient,
      transport: "websocket",
      encapsulation: "none",
      format: await this.#format(),
      transport_data: `f(json)v(${uri})`,
    });
  }

  async #format(): Promise<AsteriskFormat> {
    const { http, settings, calleeId } = this.#options;
    if (settings.format !== "auto") return settings.format;
    const path = `/channels/${encodeURIComponent(calleeId)}/variable`;
    const { body } = await http.ask("GET", path, { variable: nativeFormats });
    const value = (body as { value?: unknown } | undefined)?.value;
    return mediaFormatOf(typeof value === "string" ? value : undefined);
  }
}

function requireTaken(reply: AriReply): void {
  if (reply.status < 200 || reply.status >= 300) {
    throw new EngineError("ARI_REFUSED", refusalOf(reply), { status: reply.status });
  }
}
