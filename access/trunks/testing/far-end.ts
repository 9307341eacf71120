/**
 * The far ends of trunks under test, each in a process of its own: a switch, a carrier. A test asks
 * over IPC for what callees and networks do: hang up, press keys, fail.
 */
import { fork, type ChildProcess } from "node:child_process";
import { compiledEntry } from "../../../base/compiled-entry.js";

type Question = { readonly id: number; readonly op: string; readonly given: unknown };
type Answer = { readonly id: number; readonly value?: unknown; readonly error?: string };
type Ready = { readonly port: number };

/** A far end as a test holds it. */
export type FarEnd = {
  readonly port: number;
  /** Has it do something; resolves with what that gave. */
  ask(op: string, given?: unknown): Promise<unknown>;
  /** Kills it, as a crash would. */
  kill(): Promise<void>;
};

/** @param entry compiled, e.g. `access/trunks/testing/mock-freeswitch-main.js` */
export async function startFarEnd(entry: string, settings: object = {}): Promise<FarEnd> {
  const child = fork(compiledEntry(entry), [JSON.stringify(settings)], { stdio: "inherit" });
  const waiting = new Map<number, (answer: Answer) => void>();
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const { port } = await new Promise<Ready>((resolve, reject) => {
    child.once("message", (ready) => resolve(ready as Ready));
    child.once("exit", (code) => reject(new Error(`${entry} ended with code ${code}`)));
  });
  child.on("message", (message) => {
    const answer = message as Answer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let lastId = 0;
  return {
    port,
    ask: (op, given) =>
      new Promise((resolve, reject) => {
        const question: Question = { id: (lastId += 1), op, given };
        waiting.set(question.id, ({ value, error }) =>
          error === undefined ? resolve(value) : reject(new Error(error)),
        );
        child.send(question);
      }),
    kill: () => killed(child, exited),
  };
}

async function killed(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill("SIGKILL");
  await exited;
}

/** The process's own side: what it can be asked. It ends with its parent. */
export function serveFarEnd(
  port: number,
  operations: Readonly<Record<string, (given: never) => unknown>>,
): void {
  process.on("message", (message) => {
    const { id, op, given } = message as Question;
    void answerTo(operations[op], given).then((answer) => process.send?.({ id, ...answer }));
  });
  process.once("disconnect", () => process.exit(0));
  process.send?.({ port } satisfies Ready);
}

async function answerTo(
  run: ((given: never) => unknown) | undefined,
  given: unknown,
): Promise<Omit<Answer, "id">> {
  if (run === undefined) return { error: "no such operation" };
  try {
    return { value: await run(given as never) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
