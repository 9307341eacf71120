/** Keys of a call, kept until it is sure that they arrived: each arrives once. */
export class PressedKeys {
  /** Keys that are known to have arrived. */
  #arrived = 0;
  #waiting: { readonly digit: string; isSent: boolean }[] = [];

  add(digit: string, isSent: boolean): void {
    this.#waiting.push({ digit, isSent });
    if (this.#waiting.length <= keysMax) return;
    this.#waiting.shift();
    this.#arrived += 1;
  }

  /**
   * The keys to send on a new connection, in order; they count as sent then.
   *
   * @param arrived how many arrived in the call so far; undefined when the engine cannot tell: then
   *   only those are sent again that never were
   */
  takeMissing(arrived: number | undefined): string[] {
    const isMissing = ({ isSent }: { isSent: boolean }): boolean => !isSent;
    const missing =
      arrived === undefined
        ? this.#waiting.filter(isMissing)
        : this.#waiting.slice(Math.max(0, arrived - this.#arrived));
    if (arrived !== undefined) this.#arrived = Math.max(this.#arrived, arrived);
    else this.#arrived += this.#waiting.length - missing.length;
    this.#waiting = missing.map(({ digit }) => ({ digit, isSent: true }));
    return missing.map(({ digit }) => digit);
  }
}

/** More are in doubt at once only where nobody pressed them. */
const keysMax = 256;
