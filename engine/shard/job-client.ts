/** Jobs of a shard: they go to the pool by way of the node, and every one of them settles. */
import { EngineError, fromErrorData } from "../../base/errors.js";
import type { Time, Timer } from "../../base/ports.js";
import type { JobReply } from "../control/messages.js";
import type { Job, ResultOf } from "../jobs/jobs.js";

/** A little more than the pool's own deadline, which knows more about what went wrong. */
const jobMsMax = 20_000;

export class JobClient {
  readonly #time: Time;
  readonly #send: (jobId: number, job: Job) => void;
  readonly #pending = new Map<number, { settle: (reply: JobReply) => void; timer: Timer }>();
  #lastId = 0;

  constructor(time: Time, send: (jobId: number, job: Job) => void) {
    this.#time = time;
    this.#send = send;
  }

  /** @throws {EngineError} what the job threw, or `JOB_OVERDUE` when the node never answered */
  run<Kind extends Job["kind"]>(job: Extract<Job, { kind: Kind }>): Promise<ResultOf<Kind>> {
    const jobId = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const settle = (reply: JobReply): void => {
        this.#pending.delete(jobId);
        timer.cancel();
        if (reply.ok) resolve(reply.value as ResultOf<Kind>);
        else reject(fromErrorData(reply.error));
      };
      const timer = this.#time.after(jobMsMax, () => {
        this.#pending.delete(jobId);
        const message = `job "${job.kind}" was not answered within ${jobMsMax} ms`;
        reject(new EngineError("JOB_OVERDUE", message, { kind: job.kind }));
      });
      this.#pending.set(jobId, { settle, timer });
      this.#send(jobId, job);
    });
  }

  settle(jobId: number, reply: JobReply): void {
    this.#pending.get(jobId)?.settle(reply);
  }
}
