/** Who runs actors, one at a time: the seam between our kernel and what is underneath. */

/** A place in the dispatcher for one actor. */
export interface Runner {
  /** Runs the actor's `drain` soon. Further wakes before that do nothing. */
  wake(): void;
  /** Forgets the actor; a pending wake is void. */
  stop(): void;
}

export interface Dispatcher {
  /**
   * @param name unique within the dispatcher
   * @param drain handles a batch of messages; returns whether more wait. Never throws.
   */
  register(name: string, drain: () => boolean): Runner;
  /** Stops everything that is registered. */
  close(): void;
}
