/** Where a thread that was started in the background says that it is needed from now on. */

let back: () => void = () => undefined;

/** @param undo what its start did to its priority */
export function arriveWith(undo: () => void): void {
  back = undo;
}

/** From now on this thread is like any other. Without such a start, or twice: nothing. */
export function arrive(): void {
  back();
  back = () => undefined;
}
