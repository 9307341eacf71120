/** SIGINT and SIGTERM: the first one asks for a polite end, the second one ends at once. */
import { constants } from "node:os";

export type Interruption = {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Resolves with the first signal's name. */
  readonly happened: Promise<NodeJS.Signals>;
  /** Gives the signals back to the system. */
  readonly release: () => void;
};

/** @param onFirst told at the first signal, to say what happens now */
export function awaitInterruption(onFirst: (name: NodeJS.Signals) => void): Interruption {
  const controller = new AbortController();
  let settle!: (name: NodeJS.Signals) => void;
  const happened = new Promise<NodeJS.Signals>((resolve) => (settle = resolve));
  const receive = (name: NodeJS.Signals) => {
    // By convention of shells: 128 and the number of the signal.
    if (controller.signal.aborted) process.exit(128 + constants.signals[name]);
    onFirst(name);
    controller.abort();
    settle(name);
  };
  const names = ["SIGINT", "SIGTERM"] as const;
  for (const name of names) process.on(name, receive);
  const release = () => names.forEach((name) => process.off(name, receive));
  return { signal: controller.signal, happened, release };
}
