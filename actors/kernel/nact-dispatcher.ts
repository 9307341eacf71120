/**
 * The dispatcher on `nact`, the only file that imports it.
 *
 * nact costs a `setImmediate`, a copied context and a promise for every message it handles. So one
 * nact actor runs the turns of the whole thread, and holds at most one token, "run a turn": which
 * of our actors are ready stands in our own queue (see `docs/decisions/0006`).
 */
import { dispatch, spawnStateless, start, stop } from "nact";
import type { Dispatcher } from "./dispatcher.js";
import { createRunQueue } from "./run-queue.js";

/** @param name of the nact system, shown in its references */
export function createNactDispatcher(name: string): Dispatcher {
  // The typings know plugins only; the code takes an object with a name as its first argument.
  const root = start({ name: safeName(name) } as unknown as Parameters<typeof start>[0]);
  const turns = spawnStateless(root, () => queue.turn(), "turns");
  const queue = createRunQueue(() => dispatch(turns, null));
  return {
    register: (actorName, drain) => queue.dispatcher.register(actorName, drain),
    close() {
      queue.dispatcher.close();
      stop(root);
    },
  };
}

/** nact allows letters, digits and hyphens in a name. */
function safeName(name: string): string {
  return name.replace(/[^A-Za-z0-9-]/g, "-");
}
