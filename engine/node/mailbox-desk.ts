/** Asks the shards how their mailboxes stand. A shard that does not answer holds nobody up. */
import type { Time } from "../../base/ports.js";
import type { MailboxReport } from "../control/messages.js";

/** A shard busier than this has other worries. */
const answerMsMax = 1000;

export class MailboxDesk {
  readonly #time: Time;
  readonly #waiting = new Map<number, (report: MailboxReport | undefined) => void>();
  #lastId = 0;

  constructor(time: Time) {
    this.#time = time;
  }

  /**
   * @param send brings the question, under that number, to the shard
   * @returns undefined when it does not answer
   */
  ask(send: (askId: number) => void): Promise<MailboxReport | undefined> {
    const askId = (this.#lastId += 1);
    return new Promise((resolve) => {
      const timer = this.#time.after(answerMsMax, () => this.answer(askId, undefined));
      this.#waiting.set(askId, (report) => {
        timer.cancel();
        resolve(report);
      });
      send(askId);
    });
  }

  answer(askId: number, report: MailboxReport | undefined): void {
    this.#waiting.get(askId)?.(report);
    this.#waiting.delete(askId);
  }
}
