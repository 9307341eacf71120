/**
 * The ready queue of a thread: actors with messages wait here for their turn, and whatever is
 * underneath is woken once for all of them. A turn runs each actor that was ready when it began,
 * one batch each; who becomes ready meanwhile waits for the next turn, so that input and timers
 * get in between.
 */
import type { Dispatcher, Runner } from "./dispatcher.js";

type Entry = { drain: (() => boolean) | undefined; isReady: boolean };

/**
 * @param requestTurn asks for one later call of `turn`; never called again before that turn
 * @returns the dispatcher, and the turn that whoever is underneath must run
 */
export function createRunQueue(requestTurn: () => void): {
  readonly dispatcher: Dispatcher;
  readonly turn: () => void;
} {
  let ready: Entry[] = [];
  let running: Entry[] = [];
  let isRequested = false;
  let isClosed = false;
  const request = (): void => {
    if (isRequested || isClosed) return;
    isRequested = true;
    requestTurn();
  };
  const wake = (entry: Entry): void => {
    if (entry.isReady || entry.drain === undefined) return;
    entry.isReady = true;
    ready.push(entry);
    request();
  };
  const turn = (): void => {
    isRequested = false;
    if (isClosed) return;
    [running, ready] = [ready, running];
    let index = 0;
    try {
      while (index < running.length) {
        const entry = running[index++]!;
        entry.isReady = false;
        if (entry.drain?.() === true) wake(entry);
      }
    } finally {
      // A drain must not throw; should one, those behind it keep their turn.
      for (const left of running.slice(index)) ready.push(left);
      running.length = 0;
      if (ready.length > 0) request();
    }
  };
  const register = (_name: string, drain: () => boolean): Runner => {
    const entry: Entry = { drain, isReady: false };
    return { wake: () => wake(entry), stop: () => void (entry.drain = undefined) };
  };
  return { dispatcher: { register, close: () => void (isClosed = true) }, turn };
}
