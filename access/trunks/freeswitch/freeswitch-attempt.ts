/**
 * One attempt through FreeSWITCH: a channel whose id we chose, parked once it is answered, with its
 * audio forked to our gateway.
 *
 * ```
 * dialling ──CHANNEL_ANSWER──▶ answered ──fork started──▶ connected ──uuid_bridge──▶ transferred
 *     └────────────┴──── CHANNEL_HANGUP_COMPLETE of the callee ────┴──────────────────┘──▶ ended
 * ```
 *
 * A command whose answer was lost is not repeated: what became of it, the list of channels tells.
 */
import { EngineError } from "../../../base/errors.js";
import type { Time } from "../../../base/ports.js";
import { AttemptEvents } from "../attempt-events.js";
import { areKeys, noKeys } from "../dial-string.js";
import type { ShellAttempt } from "../trunk-shell.js";
import type { OriginateRequest, TrunkEvent, TrunkOutcome } from "../trunk.js";
import type { EslClient } from "./esl-client.js";
import type { EslEvent } from "./esl-event.js";
import * as command from "./freeswitch-commands.js";
import type { FreeSwitchSettings } from "./freeswitch-commands.js";
import { FreeSwitchTransfer } from "./freeswitch-transfer.js";
import { outcomeOfCause } from "./hangup-cause.js";

export type FreeSwitchAttemptOptions = {
  readonly esl: Pick<EslClient, "job">;
  readonly settings: FreeSwitchSettings;
  readonly request: OriginateRequest;
  readonly time: Time;
  readonly listener: (event: TrunkEvent) => void;
  /** The attempt is over: told once, before the listener is. */
  readonly done: () => void;
};

/** The end of a channel says more than the result of dialling, and comes about when that does. */
const endMsMax = 1000;
/** FreeSWITCH ends the ringing itself; this long after it, it has forgotten us. */
const graceMs = 10_000;
/** How long a transferred callee's media may take to end by itself. */
const mediaMsMax = 1000;

export class FreeSwitchAttempt implements ShellAttempt {
  /** Ids of the channels: of the callee, and of whom a transfer dials. */
  readonly channelId: string;
  readonly targetId: string;
  readonly #options: FreeSwitchAttemptOptions;
  readonly #events: AttemptEvents;
  readonly #transfer: FreeSwitchTransfer;
  #isCancelled = false;
  #wasRinging = false;
  #hasChannel = false;
  #isConnected = false;
  /** Settles when FreeSWITCH has said whether our media is there. */
  #connecting: Promise<void> | undefined;

  constructor(options: FreeSwitchAttemptOptions) {
    const { settings, request, esl } = options;
    this.#options = options;
    this.channelId = `${settings.app}.${request.callId}`;
    this.targetId = `${this.channelId}.target`;
    this.#events = new AttemptEvents(options.listener);
    const { channelId, targetId } = this;
    const { ringMsMax } = request;
    this.#transfer = new FreeSwitchTransfer({ esl, settings, channelId, targetId, ringMsMax });
  }

  get isHandedOn(): boolean {
    return this.#transfer.isHandedOn;
  }

  async dial(): Promise<void> {
    const { settings, request } = this.#options;
    const { to, ringMsMax } = request;
    const { channelId } = this;
    const line = command.originate(settings, { channelId, to, ringMsMax });
    const { esl, time } = this.#options;
    try {
      const result = await esl.job(line, { waitMsMax: ringMsMax + graceMs });
      if (result.startsWith("+OK")) return this.#answered();
      const cause = result.replace(/^-ERR\s*/, "").trim() || "no cause given";
      if (!this.#hasChannel) return this.#endUnanswered(cause, cause);
      time.after(endMsMax, () => this.#endUnanswered(cause, cause));
    } catch (error) {
      const { code, message } = error as EngineError;
      // Not taken: nobody was dialled. Lost: the list of channels tells, once it can be asked.
      if (code === "ESL_REFUSED") this.#end("failed", message);
    }
  }

  hangup(): void {
    if (this.#isCancelled || this.#events.isOver) return;
    this.#isCancelled = true;
    this.#kill();
  }

  async transfer(to: string): Promise<void> {
    // We may speak to the callee before FreeSWITCH has said that we are connected.
    await this.#connecting;
    const isOurs = this.#isConnected && !this.#events.isOver && !this.#isCancelled;
    if (!isOurs) {
      throw new EngineError("TRUNK_TRANSFER", "the callee's media is not connected yet, or over");
    }
    await this.#transfer.to(to);
    this.#isConnected = false;
    this.#events.transferred();
    // Whoever hears that closes the stream by itself; one that is left would go on for ever.
    this.#options.time.after(mediaMsMax, () => {
      if (this.#events.isOver) return;
      void ignore(this.#options.esl.job(command.stopMedia(this.#options.settings, this.channelId)));
    });
  }

  async sendDtmf(digits: string): Promise<void> {
    if (!areKeys(digits)) throw new EngineError("TRUNK_REQUEST", noKeys);
    const result = await this.#options.esl
      .job(command.sendKeys(this.channelId, digits))
      .catch((error: unknown) => (error as Error).message);
    if (result.startsWith("+OK")) return;
    throw new EngineError("TRUNK_REQUEST", `FreeSWITCH took no keys: ${result}`);
  }

  /** Takes an event about one of our channels. */
  take(event: EslEvent): void {
    if (this.#events.isOver) return;
    if (event.channelId === this.targetId) return this.#transfer.take(event);
    this.#hasChannel = true;
    switch (event.name) {
      case "CHANNEL_CREATE":
        return this.#killIfCancelled();
      case "CHANNEL_PROGRESS":
        this.#wasRinging = true;
        this.#events.ringing();
        return this.#killIfCancelled();
      case "CHANNEL_PROGRESS_MEDIA":
        this.#wasRinging = true;
        this.#events.earlyMedia();
        return this.#killIfCancelled();
      case "CHANNEL_ANSWER":
        return this.#answered();
      case "CHANNEL_HANGUP_COMPLETE":
        return this.#hungUp(event);
      case "DTMF":
        return this.#events.key(event.header("DTMF-Digit") ?? "");
      default:
        return this.#mediaEvent(event);
    }
  }

  /**
   * FreeSWITCH's list of channels after we were deaf for a while, or after it was restarted.
   *
   * @param callState of our channel; undefined when there is none any more
   */
  reconcile(callState: string | undefined): void {
    if (this.#events.isOver) return;
    if (callState === undefined) {
      const cause = "the channel was gone when FreeSWITCH could be asked again";
      return this.giveUp(cause);
    }
    this.#hasChannel = true;
    if (this.#isCancelled) this.#kill();
    else if (callState === "ACTIVE") this.#answered();
  }

  /** Nobody can say what became of it. */
  giveUp(cause: string): void {
    this.#end(
      this.#events.isAnswered ? "answered" : this.#isCancelled ? "cancelled" : "unknown",
      cause,
    );
  }

  #answered(): void {
    if (!this.#events.answered()) return;
    if (this.#isCancelled) return this.#kill();
    this.#connecting = this.#connectMedia();
  }

  async #connectMedia(): Promise<void> {
    const { esl, settings, request } = this.#options;
    const { callId, token, mediaUrl } = request;
    const { channelId } = this;
    const line = command.startMedia(settings, { channelId, callId, token, mediaUrl });
    const result = await esl.job(line).catch((error: unknown) => (error as Error).message);
    if (this.#events.isOver) return;
    // An answered callee who cannot hear us is hung up on.
    if (result.startsWith("+OK")) this.#isConnected = true;
    else this.#kill();
  }

  #mediaEvent({ name, body }: EslEvent): void {
    const { esl } = this.#options;
    const { channelId } = this;
    if (name.endsWith("::disconnect") || /::(connect_failed|error)$/.test(name)) {
      // It may end before FreeSWITCH has said that it began. Transferred, nobody needs it any more.
      const { isJoining, isHandedOn } = this.#transfer;
      if (this.#connecting !== undefined && !isJoining && !isHandedOn) this.#kill();
      return;
    }
    // The free edition of mod_audio_stream plays nothing itself: it hands us files.
    const file = name === "mod_audio_stream::play" ? fileOf(body) : undefined;
    if (file !== undefined) void ignore(esl.job(`uuid_broadcast ${channelId} ${file} aleg`));
    if (name === "mod_audio_stream::json" && isKillAudio(body)) {
      void ignore(esl.job(`uuid_break ${channelId} all`));
    }
  }

  #hungUp({ header }: EslEvent): void {
    const name = header("Hangup-Cause") ?? header("variable_hangup_cause") ?? "UNKNOWN";
    const sip =
      header("variable_sip_term_status") ??
      header("variable_sip_invite_failure_status") ??
      /^sip:(\d{3})$/.exec(header("variable_proto_specific_hangup_cause") ?? "")?.[1];
    const words = sip === undefined ? name : `${name}, SIP ${sip}`;
    if (this.#events.isAnswered) this.#end("answered", words);
    else this.#endUnanswered(name, words);
  }

  #endUnanswered(name: string, words: string): void {
    if (this.#events.isAnswered) return;
    const seen = { isCancelled: this.#isCancelled, wasRinging: this.#wasRinging };
    this.#end(outcomeOfCause(name, seen), words);
  }

  #killIfCancelled(): void {
    if (this.#isCancelled) this.#kill();
  }

  /** A channel that is not there yet is killed when it comes: its first event does that. */
  #kill(): void {
    const line = command.kill(this.channelId, this.#events.isAnswered);
    void ignore(this.#options.esl.job(line));
    this.#transfer.giveUp();
  }

  #end(outcome: TrunkOutcome, cause: string): void {
    if (this.#events.isOver) return;
    this.#transfer.giveUp();
    this.#options.done();
    this.#events.ended(outcome, cause);
  }
}

/** What is gone already is what we wanted; what cannot be asked is settled by reconciling. */
async function ignore(job: Promise<string>): Promise<void> {
  await job.catch(() => undefined);
}

/** Only a plain path is handed back as an argument: spaces would begin another one. */
function fileOf(body: string): string | undefined {
  const file = /"file"\s*:\s*"([^"\\\s;{}]{1,400})"/.exec(body)?.[1];
  return file?.startsWith("/") === true ? file : undefined;
}

function isKillAudio(body: string): boolean {
  return /"type"\s*:\s*"killAudio"/.test(body);
}
