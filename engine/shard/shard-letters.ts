/** Dead letters of a shard: all are counted, and what should not happen gets a line in the log. */
import {
  createDeadLetterLog,
  DeadLetterCounter,
  type DeadLetterReason,
  type DeadLetterSink,
} from "../../actors/kernel/index.js";
import type { Clock } from "../../base/ports.js";
import type { LogReport } from "../control/messages.js";

const linesPerSecondMax = 5;

/** Every call leaves some when it ends: what still waited, and promises that settle afterwards. */
const ofEveryEnd: readonly DeadLetterReason[] = ["unhandledAtStop", "pastLife"];

export function shardLetters(
  clock: Pick<Clock, "nowMs">,
  report: (line: LogReport) => void,
): { readonly take: DeadLetterSink; readonly counts: DeadLetterCounter["counts"] } {
  const counter = new DeadLetterCounter(0);
  const log = createDeadLetterLog({
    clock,
    linesPerSecondMax,
    write: ({ kind, ...fields }) => {
      const message = "a message was not delivered";
      report({ kind: "log", level: "warn", message, fields: { what: kind, ...fields } });
    },
  });
  const take: DeadLetterSink = (letter) => {
    counter.take(letter);
    if (!ofEveryEnd.includes(letter.reason)) log.take(letter);
  };
  return { take, counts: counter.counts };
}
