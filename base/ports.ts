/**
 * The ports for time, chance and threads. Lint forbids the globals behind them everywhere else, so
 * that a simulation can put its own behind the same code and replay a run from its seed.
 */
import type { MessagePort } from "node:worker_threads";

/** Reads time. */
export interface Clock {
  /** Monotonic milliseconds with fractions, comparable between threads of one process. */
  nowMs(): number;
  /** Wall time, for records only: milliseconds since 1970-01-01 UTC. */
  epochMs(): number;
}

/** A pending callback; cancelling twice, or after it ran, does nothing. */
export type Timer = { cancel(): void };

/** Runs callbacks later. */
export interface Scheduler {
  /** Runs `run` once, `delayMs` from now at the earliest. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs `run` once, after the events that are already waiting. */
  soon(run: () => void): void;
}

/** Chance. Not for secrets: those come from `node:crypto`. */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
}

/** Time as one argument: what most code that waits needs. */
export interface Time extends Clock, Scheduler {}

/** Starts threads, and lays ways between them. */
export interface ThreadHost {
  spawn(options: ThreadOptions): ThreadHandle;
  /** Two ends of a way; each is posted to one thread, in its `transfer` list. */
  channel(): { readonly port1: MessagePort; readonly port2: MessagePort };
}

export type ThreadOptions = {
  /** Shown in logs and profiles, e.g. `shard-0`. */
  readonly name: string;
  /** Module that the thread runs, as a compiled file's URL. */
  readonly entry: URL;
  /** Structured-cloned into the thread; `transfer` lists the ports that move. */
  readonly data: unknown;
  readonly transfer?: readonly unknown[];
  /** Limit of the old-generation heap in MiB; the thread ends beyond it. */
  readonly heapMbMax?: number;
  /** Nobody waits for it: its start yields to threads that have work, where that can be done. */
  readonly isInBackground?: boolean;
};

/** Why a thread is gone: what the runtime said, not what the dying said. */
export type ThreadExit = { readonly exitCode: number; readonly error?: unknown };

export interface ThreadHandle {
  readonly name: string;
  post(message: unknown, transfer?: readonly unknown[]): void;
  onMessage(receive: (message: unknown) => void): void;
  onExit(receive: (exit: ThreadExit) => void): void;
  /** Ends the thread at once, also one that is stuck in a loop; resolves when it is gone. */
  terminate(): Promise<void>;
}
