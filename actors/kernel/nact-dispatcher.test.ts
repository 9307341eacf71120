import { expect, test } from "vitest";
import type { ErrorData } from "../../base/errors.js";
import { nodeTime } from "../../base/node-ports.js";
import { createActorSystem, createNactDispatcher, type ActorRef } from "./index.js";

type Any = { readonly kind: string; readonly n?: number };

test("the same tree runs on nact, with a thousand actors passing a token around", async () => {
  const time = nodeTime();
  const failures: ErrorData[] = [];
  const system = createActorSystem({
    name: "nact",
    dispatcher: createNactDispatcher("kernel-test"),
    time,
    deadLetters: () => undefined,
    onFailure: (_path, error) => failures.push(error),
  });
  const hops = await new Promise<number>((resolve) => {
    const refs: ActorRef<Any>[] = [];
    for (let index = 0; index < 1000; index += 1) {
      const pass = (message: Any): void => {
        if (message.n === 5000) resolve(message.n);
        else refs[(index + 1) % 1000]!.tell({ kind: "token", n: (message.n ?? 0) + 1 });
      };
      refs.push(
        system.spawn(`a${index}`, { start: () => null, receive: (_s, message) => pass(message) }),
      );
    }
    refs[0]!.tell({ kind: "token", n: 0 });
  });
  expect(hops).toBe(5000);
  system.stop();
  expect(failures).toEqual([]);
});
