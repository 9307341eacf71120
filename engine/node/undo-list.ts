/** What must be undone of a start, the newest first: after a start that failed, and at a stop. */

type Step = { readonly what: string; readonly undo: () => Promise<void> | void };

export class UndoList {
  readonly #steps: Step[] = [];

  /** @param what names it in the log, e.g. `store` */
  add(what: string, undo: () => Promise<void> | void): void {
    this.#steps.push({ what, undo });
  }

  /**
   * Undoes everything, once. A step that fails does not keep the others.
   *
   * @param failed told of each step that failed
   */
  async undo(failed: (what: string, error: unknown) => void): Promise<void> {
    for (const { what, undo } of this.#steps.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        failed(what, error);
      }
    }
  }
}
