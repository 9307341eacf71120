/** All calls of one callee process: takes the trunk's commands in order, tells what happens. */
import { assertNever } from "../../base/assert.js";
import { toErrorData } from "../../base/errors.js";
import type { CalleeCommand, CalleeDial, CalleeNotice, CalleeSettings } from "./callee-messages.js";
import type { CalleeParts } from "./callee-parts.js";
import { CalleePhone } from "./callee-phone.js";

export type DeskOptions = {
  /** Loads what all calls share. */
  readonly load: (settings: CalleeSettings) => Promise<CalleeParts>;
  readonly notify: (notice: CalleeNotice) => void;
  /** Everything is over: the process may go. */
  readonly stopped: () => void;
};

export class CalleeDesk {
  readonly #options: DeskOptions;
  readonly #phones = new Map<string, CalleePhone>();
  #loading: Promise<CalleeParts> | undefined;
  #isStopping = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Takes a command; what comes before everything is loaded waits, in order. */
  take(command: CalleeCommand): void {
    switch (command.kind) {
      case "configure":
        return this.#configure(command.settings);
      case "dial":
        return void this.#loading?.then((parts) => this.#dial(command.dial, parts));
      case "hangup":
        return void this.#loading?.then(() => this.#phones.get(command.callId)?.hangup());
      case "stop":
        return void this.#loading?.then(() => this.#stop());
      default:
        return assertNever(command);
    }
  }

  #configure(settings: CalleeSettings): void {
    const loading = this.#options.load(settings);
    this.#loading = loading;
    loading.then(
      ({ recognition }) => this.#options.notify({ kind: "ready", recognition }),
      (error: unknown) => {
        const { code, message } = toErrorData(error);
        this.#options.notify({ kind: "unusable", code, message });
        this.#options.stopped();
      },
    );
  }

  #dial(dial: CalleeDial, parts: CalleeParts): void {
    const { callId } = dial;
    const phone = new CalleePhone(dial, parts, {
      report: (report) => this.#options.notify({ kind: "report", callId, report }),
      event: (event) => {
        this.#options.notify({ kind: "event", callId, event });
        if (event.kind !== "ended") return;
        this.#phones.delete(callId);
        this.#stopWhenQuiet();
      },
    });
    this.#phones.set(callId, phone);
    phone.ring();
  }

  #stop(): void {
    this.#isStopping = true;
    for (const phone of [...this.#phones.values()]) phone.hangup();
    this.#stopWhenQuiet();
  }

  #stopWhenQuiet(): void {
    if (this.#isStopping && this.#phones.size === 0) this.#options.stopped();
  }
}
