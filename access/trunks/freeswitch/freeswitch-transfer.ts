/**
 * A blind transfer through FreeSWITCH: somebody else is dialled first, and bridged with the callee
 * once they have answered, so that a transfer that fails leaves the callee with us.
 */
import { EngineError } from "../../../base/errors.js";
import type { EslClient } from "./esl-client.js";
import type { EslEvent } from "./esl-event.js";
import * as command from "./freeswitch-commands.js";
import type { FreeSwitchSettings } from "./freeswitch-commands.js";

export type FreeSwitchTransferOptions = {
  readonly esl: Pick<EslClient, "job">;
  readonly settings: FreeSwitchSettings;
  readonly channelId: string;
  readonly targetId: string;
  readonly ringMsMax: number;
};

const graceMs = 10_000;

export class FreeSwitchTransfer {
  readonly #options: FreeSwitchTransferOptions;
  #state: "idle" | "dialling" | "joining" | "joined" = "idle";

  constructor(options: FreeSwitchTransferOptions) {
    this.#options = options;
  }

  /** They talk to each other without us. */
  get isHandedOn(): boolean {
    return this.#state === "joined";
  }

  /** The callee is being handed over, so that our media ends. */
  get isJoining(): boolean {
    return this.#state === "joining" || this.#state === "joined";
  }

  /** @throws {EngineError} `TRUNK_TRANSFER` */
  async to(number: string): Promise<void> {
    if (this.#state !== "idle") throw failed("another transfer is under way");
    this.#state = "dialling";
    try {
      await this.#dialAndJoin(number);
      this.#state = "joined";
    } catch (error) {
      const wasJoining = this.isJoining;
      this.#state = "idle";
      void this.#job(command.kill(this.#options.targetId, wasJoining)).catch(() => undefined);
      throw error;
    }
  }

  /** Takes an event about the channel of whom we dial. */
  take(event: EslEvent): void {
    // Both hang up together once they are bridged; before that, dialling tells its own end.
    if (event.name === "CHANNEL_CREATE" && this.#state === "idle") this.giveUp(true);
  }

  /** The callee is gone. @param isLate the other channel came after that */
  giveUp(isLate = false): void {
    // Joined, they hang up together; that is theirs to do.
    if (this.#state === "joined" || (this.#state === "idle" && !isLate)) return;
    const isAnswered = this.isJoining;
    this.#state = "idle";
    void this.#job(command.kill(this.#options.targetId, isAnswered)).catch(() => undefined);
  }

  async #dialAndJoin(to: string): Promise<void> {
    const { settings, channelId, targetId, ringMsMax } = this.#options;
    const line = command.originate(settings, { channelId: targetId, to, ringMsMax });
    await this.#do(line, ringMsMax + graceMs);
    // The callee went meanwhile.
    if (this.#state !== "dialling") throw failed("the callee hung up");
    this.#state = "joining";
    await this.#do(command.bridge(channelId, targetId));
    // For a later life of ours, which finds them and must not take them for left over.
    for (const id of [channelId, targetId]) {
      void this.#job(command.markHandedOn(id)).catch(() => undefined);
    }
  }

  async #do(line: string, waitMsMax?: number): Promise<void> {
    const result = await this.#job(line, waitMsMax).catch((error: unknown) => {
      throw failed((error as Error).message);
    });
    if (!result.startsWith("+OK")) throw failed(result.replace(/^-ERR\s*/, ""));
  }

  #job(line: string, waitMsMax?: number): Promise<string> {
    return this.#options.esl.job(line, waitMsMax === undefined ? {} : { waitMsMax });
  }
}

function failed(why: string): EngineError {
  return new EngineError("TRUNK_TRANSFER", `the transfer did not come about: ${why}`);
}
