/**
 * What every trunk to a network is alike in: its attempts by name, whether the network can be
 * reached, and how it starts and stops. What a trunk does to dial is its own.
 *
 * ```
 *   not started ──start──▶ connecting ──up──▶ up ◀──up / lost──▶ down ── 60 s ──▶ attempts given up
 *                               └── 10 s ──▶ TRUNK_DOWN            any ──stop──▶ stopped
 * ```
 */
import { EngineError } from "../../base/errors.js";
import type { Time, Timer } from "../../base/ports.js";
import { endedAttempt } from "./plain-attempt.js";
import type { TrunkLog } from "./trunk-log.js";
import type { TrunkAttempt, TrunkEvent, TrunkHealth } from "./trunk.js";

/** An attempt as its trunk holds it. */
export interface ShellAttempt extends TrunkAttempt {
  /** Asks the network to dial. Never rejects: what becomes of it is told. */
  dial(): Promise<void>;
  /** Nobody can say any more what became of it. */
  giveUp(cause: string): void;
  /** The callee talks to somebody else and needs us no more: a stop leaves them alone. */
  readonly isHandedOn?: boolean;
}

export type Ended = Extract<TrunkEvent, { kind: "ended" }>;
export type Listener = (event: TrunkEvent) => void;

export type TrunkShellOptions = {
  readonly name: string;
  /** Who is at the other end, e.g. `Asterisk`. */
  readonly peer: string;
  readonly time: Time;
  readonly log: TrunkLog;
};

export type Origination<Attempt> = {
  /** Names the attempt: no other one under way has it. */
  readonly key: string;
  /** Why it cannot even begin, whatever the state of the trunk. */
  readonly problem?: Ended | undefined;
  readonly listener: Listener;
  /** `done`: the attempt is over; to be told once, before the listener is. */
  readonly make: (wiring: { readonly listener: Listener; readonly done: () => void }) => Attempt;
};

/** Without the network for so long, nobody can say any more what became of an attempt. */
const lostMsMax = 60_000;
const startMsMax = 10_000;
const stopMsMax = 2000;

export class TrunkShell<Attempt extends ShellAttempt> {
  readonly #options: TrunkShellOptions;
  readonly #attempts = new Map<string, Attempt>();
  readonly #whenUp = new Set<() => void>();
  readonly #whenIdle = new Set<() => void>();
  #down: string | undefined = "not started";
  #lostTimer: Timer | undefined;
  #isStopping = false;

  constructor(options: TrunkShellOptions) {
    this.#options = options;
  }

  /** A copy: attempts may end meanwhile. */
  get attempts(): readonly Attempt[] {
    return [...this.#attempts.values()];
  }

  find(key: string): Attempt | undefined {
    return this.#attempts.get(key);
  }

  /** A new life: attempts are taken once it is up. */
  begin(): void {
    this.#isStopping = false;
  }

  /**
   * A new life; resolves when `up` was called.
   *
   * @param where for a person, e.g. `http://127.0.0.1:8088/ari`
   * @throws {EngineError} `TRUNK_DOWN`; then everything is to be closed
   */
  async start(where: string, connect: () => void): Promise<void> {
    const { name, peer, time } = this.#options;
    this.begin();
    let timer: Timer | undefined;
    const up = new Promise<boolean>((resolve) => {
      this.#whenUp.add(() => resolve(true));
      timer = time.after(startMsMax, () => resolve(false));
    });
    connect();
    const isUp = await up;
    timer?.cancel();
    if (isUp) return;
    const why = this.#down ?? "no answer";
    this.close();
    const message = `trunk ${name}: no ${peer} at ${where} within ${startMsMax} ms: ${why}`;
    throw new EngineError("TRUNK_DOWN", message, { where });
  }

  /** Hangs everything up but those handed on; gives up what does not end in time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    let timer: Timer | undefined;
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle.add(resolve);
      timer = this.#options.time.after(stopMsMax, resolve);
    });
    for (const attempt of this.attempts) {
      if (attempt.isHandedOn === true) attempt.giveUp("handed on; the trunk was stopped");
      else attempt.hangup();
    }
    if (this.#attempts.size > 0) await idle;
    timer?.cancel();
    for (const attempt of this.attempts) attempt.giveUp("the trunk was stopped");
    this.close();
  }

  /** The network can be reached, and everything missed is made up for. */
  up(): void {
    this.#lostTimer?.cancel();
    this.#lostTimer = undefined;
    this.#down = undefined;
    this.log("info", "the trunk is up", {});
    for (const resolve of this.#whenUp) resolve();
    this.#whenUp.clear();
  }

  /** The network cannot be reached now. */
  lost(why: string): void {
    const { peer, time } = this.#options;
    if (this.#down === undefined) this.log("warn", `the trunk lost its ${peer}`, { why });
    this.#down = why;
    // From the first loss: attempts to come back that fail do not begin it anew.
    this.#lostTimer ??= time.after(lostMsMax, () => {
      for (const attempt of this.attempts) attempt.giveUp(`no ${peer} for ${lostMsMax} ms: ${why}`);
    });
  }

  health(): TrunkHealth {
    const attempts = this.#attempts.size;
    if (this.#down === undefined) return { isUp: true, attempts };
    return { isUp: false, note: this.#down, attempts };
  }

  /** Makes an attempt and has it dial, or one that has ended already. */
  originate({ key, problem, listener, make }: Origination<Attempt>): TrunkAttempt {
    const { time } = this.#options;
    const refusal = problem ?? this.#refusal(key);
    if (refusal !== undefined) return endedAttempt(refusal, listener, time);
    const attempt = make({
      listener: (event) => time.soon(() => listener(event)),
      done: () => this.#forget(key),
    });
    this.#attempts.set(key, attempt);
    void attempt.dial();
    return attempt;
  }

  /** Nobody is dialled from now on. */
  close(): void {
    this.#lostTimer?.cancel();
    this.#lostTimer = undefined;
    this.#whenUp.clear();
    this.#down = "stopped";
  }

  log(level: "info" | "warn" | "error", message: string, fields: object): void {
    this.#options.log(level, message, { trunk: this.#options.name, ...fields });
  }

  #refusal(key: string): Ended | undefined {
    if (this.#isStopping) return failed("the trunk is stopped");
    if (this.#down !== undefined) return failed(`the trunk is down: ${this.#down}`);
    return this.#attempts.has(key) ? failed("another attempt has this call id") : undefined;
  }

  #forget(key: string): void {
    this.#attempts.delete(key);
    if (this.#attempts.size > 0) return;
    for (const resolve of this.#whenIdle) resolve();
    this.#whenIdle.clear();
  }
}

/** An attempt that cannot begin for a reason of ours. */
export function failed(cause: string): Ended {
  return { kind: "ended", outcome: "failed", cause };
}

/** An attempt at what is no number. */
export function invalidNumber(cause: string): Ended {
  return { kind: "ended", outcome: "invalid_number", cause };
}
