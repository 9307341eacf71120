/** The generator, seen from the bench: dials, knows who is on the line, waits for them. */
import { Child } from "../support/child.js";
import type { Dial, HeardCall, LoadAsks, LoadEvent, LoadReport, LoadSetup } from "./messages.js";

/** How long a call may take to open before the bench gives up. */
const openMsMax = 30_000;

export class LoadProcess {
  /** Calls that ended, by the reason the socket gave. */
  readonly closed: { readonly callId: string; readonly reason: string }[] = [];
  readonly #child: Child<LoadAsks, LoadEvent>;
  readonly #open = new Set<string>();
  #openedCount = 0;
  #refusedCount = 0;
  #changed: () => void = () => undefined;

  constructor() {
    this.#child = new Child("bench/load/load-main.js", (event) => this.#event(event));
  }

  get pid(): number {
    return this.#child.pid;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Calls that were opened since the last `prepare`. */
  get openedCount(): number {
    return this.#openedCount;
  }

  async prepare(setup: LoadSetup): Promise<void> {
    this.#openedCount = this.#refusedCount = 0;
    this.closed.length = 0;
    await this.#child.ask("prepare", setup);
  }

  async dial(dial: Dial): Promise<void> {
    await this.#child.ask("dial", dial);
  }

  /** Resolves once so many calls have been opened or refused. @throws {Error} after 30 s */
  async settled(count: number): Promise<void> {
    const deadline = Date.now() + openMsMax;
    while (this.#openedCount + this.#refusedCount < count) {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`only ${this.#openedCount} of ${count} calls were opened`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Begins a window of measurement. */
  async begin(): Promise<void> {
    await this.#child.ask("begin", undefined);
  }

  /** Begins to listen for gaps in what the callers hear. */
  async listen(recorded: readonly string[] = []): Promise<void> {
    await this.#child.ask("listen", { recorded });
  }

  heard(): Promise<readonly HeardCall[]> {
    return this.#child.ask("heard", undefined);
  }

  /** Cuts every nth call off; returns which. */
  cut(nth: number): Promise<readonly string[]> {
    return this.#child.ask("cut", { nth });
  }

  report(): Promise<LoadReport> {
    return this.#child.ask("report", undefined);
  }

  /** What was said to the end in every call, in order. */
  said(): Promise<ReadonlyMap<string, readonly string[]>> {
    return this.#child.ask("said", undefined);
  }

  /** What the examinees have done. */
  outcomes(): Promise<LoadAsks["outcomes"]["answer"]> {
    return this.#child.ask("outcomes", undefined);
  }

  async hangUp(): Promise<void> {
    await this.#child.ask("hangUp", undefined);
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }

  #event(event: LoadEvent): void {
    if (event.kind === "opened") {
      this.#openedCount += 1;
      this.#open.add(event.callId);
    } else {
      if (!this.#open.delete(event.callId)) this.#refusedCount += 1;
      this.closed.push({ callId: event.callId, reason: event.reason });
    }
    this.#changed();
  }
}
