/** A process of a bench, on its own side: answers what its parent asks, and ends with it. */
import { toErrorData } from "../../base/errors.js";
import type { Asks, Question, Reply } from "./child.js";

/** How each question is answered. */
export type Answers<Known extends Asks> = {
  readonly [Name in keyof Known]: (
    argument: Known[Name]["ask"],
  ) => Known[Name]["answer"] | Promise<Known[Name]["answer"]>;
};

/**
 * Answers until the parent lets go.
 *
 * @param stop undoes everything; the process ends when it has
 * @returns tells the parent of an event
 */
export function serveParent<Known extends Asks, Event>(
  answers: Answers<Known>,
  stop: () => Promise<void> | void,
): (event: Event) => void {
  const send = (reply: Reply<Event>): void => {
    if (process.connected) process.send?.(reply);
  };
  process.on("message", (question: Question) => {
    void answer(answers, question).then(send);
  });
  process.on("disconnect", () => {
    void Promise.resolve(stop()).finally(() => process.exit(0));
  });
  return (event) => send({ id: 0, event });
}

async function answer<Known extends Asks>(
  answers: Answers<Known>,
  { id, name, argument }: Question,
): Promise<Reply<never>> {
  try {
    const value = await answers[name]!(argument);
    return { id, value };
  } catch (error) {
    const { code, message } = toErrorData(error);
    return { id, error: `${name}: ${code} ${message}` };
  }
}
