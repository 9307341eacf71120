/**
 * The dispatcher on `nact`, the only file that imports it.
 *
 * Each of our actors is one nact actor under one silent root: nact copies the children of an actor
 * at every message it handles, so nobody with children ever receives one. nact's own mailbox is
 * unbounded, so it holds at most one wake token per actor; the messages wait in our mailbox.
 */
import { dispatch, spawnStateless, start, stop } from "nact";
import type { Dispatcher, Runner } from "./dispatcher.js";

type NactRef = ReturnType<typeof spawnStateless>;

/** @param name of the nact system, shown in its references */
export function createNactDispatcher(name: string): Dispatcher {
  // The typings know plugins only; the code takes an object with a name as its first argument.
  const root = start({ name: safeName(name) } as unknown as Parameters<typeof start>[0]);
  return {
    register: (actorName, drain) => new NactRunner(root, safeName(actorName), drain),
    close: () => stop(root),
  };
}

class NactRunner implements Runner {
  readonly #ref: NactRef;
  #isPending = false;
  #isStopped = false;

  constructor(root: ReturnType<typeof start>, name: string, drain: () => boolean) {
    const run = (): void => {
      this.#isPending = false;
      if (!this.#isStopped && drain()) this.wake();
    };
    this.#ref = spawnStateless(root, run, name);
  }

  wake(): void {
    if (this.#isPending || this.#isStopped) return;
    this.#isPending = true;
    dispatch(this.#ref, null);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    stop(this.#ref);
  }
}

/** nact allows letters, digits and hyphens in a name. */
function safeName(name: string): string {
  return name.replace(/[^A-Za-z0-9-]/g, "-");
}
