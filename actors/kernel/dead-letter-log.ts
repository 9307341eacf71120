/**
 * Dead letters for the log, rate-limited: a flood (a full lane, a callee that keeps sending) must
 * not become a flood of lines. What is left out is counted and said with the next line.
 */
import type { Clock } from "../../base/ports.js";
import type { DeadLetter, DeadLetterSink } from "./dead-letters.js";

/** `leftOut`: dead letters before this one that got no line. */
export type DeadLetterLine = DeadLetter & { readonly leftOut: number };

export type DeadLetterLogOptions = {
  readonly clock: Pick<Clock, "nowMs">;
  /** Lines within any second; a whole number from 1. */
  readonly linesPerSecondMax: number;
  /** Writes one line; must not throw. */
  readonly write: (line: DeadLetterLine) => void;
};

const secondMs = 1000;

export function createDeadLetterLog(options: DeadLetterLogOptions): {
  readonly take: DeadLetterSink;
  /** Dead letters so far that no line has spoken for; a closing log line can say it. */
  readonly leftOut: number;
} {
  const { clock, linesPerSecondMax, write } = options;
  // When the newest lines were written, as a ring: the next slot holds the oldest of them.
  const writtenMs = new Array<number>(linesPerSecondMax).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  let leftOut = 0;
  return {
    take(letter) {
      const nowMs = clock.nowMs();
      if (nowMs - writtenMs[next]! < secondMs) {
        leftOut += 1;
        return;
      }
      writtenMs[next] = nowMs;
      next = (next + 1) % linesPerSecondMax;
      const line = { ...letter, leftOut };
      leftOut = 0;
      write(line);
    },
    get leftOut() {
      return leftOut;
    },
  };
}
