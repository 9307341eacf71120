/**
 * Commands for the gateway, each repeated until it was taken. An order to be silent that is lost
 * would be heard for as long as the prompt lasts, and a lost order to hang up for longer. Which
 * ones were taken the gateway writes into shared memory, so an acknowledgement costs no message.
 *
 * ```
 *   number      4   5   6   7   8        taken word: 5
 *   leg         a   b   a   a   b        6, 7 and 8 wait; those that are due are sent again
 *   after       .   .   .   6   .        7 is obeyed behind 6, and waits for no other leg's
 * ```
 */
import type { Time, Timer } from "../../base/ports.js";
import type { LegCommand, NumberedCommand } from "../control/messages.js";

/** A gateway that is well takes a command within a few of these. */
const repeatMs = 30;
/** One that is not is asked ever more slowly. */
const repeatMsMax = 1000;

type Waiting = { readonly command: NumberedCommand; dueMs: number; waitMs: number };

export type CommandOutboxOptions = {
  readonly time: Time;
  /** As `ShardLinkData` has it. */
  readonly taken: SharedArrayBuffer;
  readonly post: (command: NumberedCommand) => void;
};

export class CommandOutbox {
  readonly #options: CommandOutboxOptions;
  readonly #taken: Int32Array;
  /** In the order of their numbers; as many as wait in the port. */
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;
  #last = 0;

  constructor(options: CommandOutboxOptions) {
    this.#options = options;
    this.#taken = new Int32Array(options.taken);
  }

  send(command: LegCommand): void {
    const { time, post } = this.#options;
    this.#forgetTaken();
    const before = this.#waiting.findLast((one) => one.command.slot === command.slot);
    const number = (this.#last += 1);
    const numbered = { ...command, number, after: before?.command.number ?? 0 };
    this.#waiting.push({ command: numbered, dueMs: time.nowMs() + repeatMs, waitMs: repeatMs });
    post(numbered);
    this.#timer ??= time.after(repeatMs, this.#repeatLater);
  }

  /** The gateway is gone. */
  close(): void {
    this.#timer?.cancel();
    this.#waiting = [];
  }

  #forgetTaken(): void {
    if (this.#waiting.length === 0) return;
    const taken = Atomics.load(this.#taken, 0);
    const first = this.#waiting.findIndex(({ command }) => command.number > taken);
    this.#waiting.splice(0, first === -1 ? this.#waiting.length : first);
  }

  readonly #repeatLater = (): void => this.#repeat();

  #repeat(): void {
    const { time, post } = this.#options;
    this.#timer = undefined;
    this.#forgetTaken();
    if (this.#waiting.length === 0) return;
    const nowMs = time.nowMs();
    for (const one of this.#waiting) {
      if (one.dueMs > nowMs) continue;
      one.waitMs = Math.min(repeatMsMax, one.waitMs * 2);
      one.dueMs = nowMs + one.waitMs;
      post(one.command);
    }
    this.#timer = time.after(repeatMs, this.#repeatLater);
  }
}
