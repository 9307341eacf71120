/** One question and its one answer. */
import { EngineError } from "../../base/errors.js";
import type { Scheduler } from "../../base/ports.js";
import type { DeadLetterSink } from "./dead-letters.js";
import type { ActorRef, Message, ReplyTo } from "./types.js";

export type AskOptions<Q extends Message, R> = {
  readonly ref: ActorRef<Q>;
  readonly question: (replyTo: ReplyTo<R>) => Q;
  readonly deadlineMs: number;
  readonly scheduler: Scheduler;
  readonly deadLetters: DeadLetterSink;
  /** Registers a callback for the end of `ref`; returns how to take it back. */
  readonly onDown: (run: () => void) => () => void;
};

/**
 * @returns the answer
 * @throws {EngineError} (rejection) `ASK_TIMEOUT`, `ASK_REFUSED`, `ASK_DEAD`
 */
export function ask<Q extends Message, R>(options: AskOptions<Q, R>): Promise<R> {
  const { ref, deadlineMs } = options;
  return new Promise<R>((resolve, reject) => {
    let isSettled = false;
    let forget = (): void => undefined;
    const settle = (finish: () => void): void => {
      if (isSettled) return;
      isSettled = true;
      timer.cancel();
      forget();
      finish();
    };
    const fail = (code: string, why: string): void =>
      settle(() => reject(new EngineError(code, `${ref.path} ${why}`, { to: ref.path })));
    const timer = options.scheduler.after(deadlineMs, () =>
      fail("ASK_TIMEOUT", `did not answer within ${deadlineMs} ms`),
    );
    forget = options.onDown(() => fail("ASK_DEAD", "ended before it answered"));
    const reply = (value: R): void => {
      if (!isSettled) return settle(() => resolve(value));
      const { path: to, incarnation } = ref;
      options.deadLetters({ kind: "reply", to, incarnation, reason: "lateReply" });
    };
    if (isSettled) return;
    const delivery = ref.tell(options.question({ reply }));
    if (delivery === "refused") fail("ASK_REFUSED", "has no room for the question");
    if (delivery === "dead") fail("ASK_DEAD", "is gone");
  });
}
