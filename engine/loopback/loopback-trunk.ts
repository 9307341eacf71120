/**
 * The loopback trunk: dials simulated callees, by the ids of their scripts. They live in a process
 * of their own and come back to the gateway as real media clients, so a call through this trunk
 * uses everything that a call through a carrier does.
 *
 * The process is started with the trunk and again by the next attempt after it died; attempts of a
 * process that died have failed.
 */
import { EngineError } from "../../base/errors.js";
import type { Time, Timer } from "../../base/ports.js";
import type {
  OriginateRequest,
  Trunk,
  TrunkAttempt,
  TrunkEvent,
  TrunkHealth,
} from "../../access/trunks/trunk.js";
import { plainAttempt } from "../../access/trunks/plain-attempt.js";
import { CalleeHost } from "./callee-host.js";
import type { CalleeNotice, CalleeSettings, RecognitionState } from "./callee-messages.js";
import type { CalleeReport } from "./callee-report.js";
import type { CalleeScript } from "./callee-script.js";
import { requireUniqueIds } from "./script-files.js";

export type LoopbackTrunkOptions = {
  /** Default `loopback`. */
  readonly name?: string;
  /** Who can be dialled: `to` of a request is one of their ids. */
  readonly scripts: readonly CalleeScript[];
  readonly time: Time;
  /** Whether callees recognise what they hear, if a recogniser is installed. Default true. */
  readonly isRecognizing?: boolean;
  /** Prompts recognised at the same time; further ones are not understood. Default 8. */
  readonly streamsMax?: number;
  /** Folder, which must exist, for the callees' own recordings; none are made without it. */
  readonly recordDir?: string;
  /** What a callee heard, did and measured; comes before the call's `ended`. */
  readonly onReport?: (callId: string, report: CalleeReport) => void;
};

/** A trunk to simulated callees. */
export interface LoopbackTrunk extends Trunk {
  readonly scripts: readonly CalleeScript[];
  /** Process id of the callees; undefined while none runs. */
  readonly pid: number | undefined;
  /** Whether callees understand what they hear; undefined before `start`. */
  readonly recognition: RecognitionState | undefined;
}

/** What simulated callees lack. */
const hangupOnly = "simulated callees can only be hung up on";
/** A callee process that does not end a hung-up call within this is stuck. */
const HANGUP_MS_MAX = 5000;

/** @throws {EngineError} `CALLEE_SCRIPT_FILE` when two scripts have the same id */
export function createLoopbackTrunk(options: LoopbackTrunkOptions): LoopbackTrunk {
  requireUniqueIds(options.scripts);
  return new Loopback(options);
}

type Attempt = {
  readonly host: CalleeHost | undefined;
  readonly listener: (event: TrunkEvent) => void;
  hangupTimer: Timer | undefined;
};

class Loopback implements LoopbackTrunk {
  readonly name: string;
  readonly scripts: readonly CalleeScript[];
  readonly #options: LoopbackTrunkOptions;
  readonly #settings: CalleeSettings;
  readonly #attempts = new Map<string, Attempt>();
  #host: CalleeHost | undefined;
  #recognition: RecognitionState | undefined;
  #isStopping = false;

  constructor(options: LoopbackTrunkOptions) {
    const { name, scripts, isRecognizing, streamsMax, recordDir } = options;
    this.#options = options;
    this.name = name ?? "loopback";
    this.scripts = scripts;
    this.#settings = {
      isRecognizing: isRecognizing ?? true,
      streamsMax: streamsMax ?? 8,
      ...(recordDir === undefined ? {} : { recordDir }),
    };
  }

  get pid(): number | undefined {
    return this.#host?.pid;
  }

  get recognition(): RecognitionState | undefined {
    return this.#recognition;
  }

  async start(): Promise<void> {
    this.#isStopping = false;
    await this.#runningHost().ready();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#host?.stop();
  }

  health(): TrunkHealth {
    const attempts = this.#attempts.size;
    if (this.#host !== undefined) return { isUp: true, attempts };
    return { isUp: false, note: "the process of the callees does not run", attempts };
  }

  originate(request: OriginateRequest, listener: (event: TrunkEvent) => void): TrunkAttempt {
    const { callId, to, mediaUrl, token, ringMsMax } = request;
    const script = this.scripts.find(({ id }) => id === to);
    if (script === undefined) {
      const known = this.scripts.map(({ id }) => id).join(", ") || "none";
      return this.#refuse(listener, "invalid_number", `no such callee script; there are: ${known}`);
    }
    if (this.#attempts.has(callId)) {
      return this.#refuse(listener, "failed", "another attempt has this call id");
    }
    if (this.#isStopping) return this.#refuse(listener, "failed", "the trunk is stopped");
    let host: CalleeHost;
    try {
      host = this.#runningHost();
    } catch (error) {
      const why = error instanceof EngineError ? error.message : String(error);
      return this.#refuse(listener, "failed", why);
    }
    const attempt: Attempt = { host, listener, hangupTimer: undefined };
    this.#attempts.set(callId, attempt);
    host.send({ kind: "dial", dial: { callId, script, mediaUrl, token, ringMsMax } });
    return plainAttempt(() => this.#hangup(callId, attempt), hangupOnly);
  }

  /** The attempt cannot even begin; told later, as everything else is. */
  #refuse(
    listener: (event: TrunkEvent) => void,
    outcome: "failed" | "invalid_number",
    cause: string,
  ): TrunkAttempt {
    this.#options.time.soon(() => listener({ kind: "ended", outcome, cause }));
    return plainAttempt(() => undefined, hangupOnly);
  }

  #hangup(callId: string, attempt: Attempt): void {
    if (this.#attempts.get(callId) !== attempt || attempt.hangupTimer !== undefined) return;
    attempt.host?.send({ kind: "hangup", callId });
    attempt.hangupTimer = this.#options.time.after(HANGUP_MS_MAX, () => {
      const cause = `callee process did not hang up within ${HANGUP_MS_MAX} ms`;
      this.#event(callId, attempt, { kind: "ended", outcome: "failed", cause });
    });
  }

  #runningHost(): CalleeHost {
    if (this.#host !== undefined) return this.#host;
    const host: CalleeHost = new CalleeHost(this.#settings, this.#options.time, {
      notice: (notice) => this.#notice(notice),
      gone: (why) => this.#gone(host, why),
    });
    this.#host = host;
    return host;
  }

  #notice(notice: CalleeNotice): void {
    switch (notice.kind) {
      case "ready":
        this.#recognition = notice.recognition;
        return;
      case "unusable":
        return;
      case "report":
        if (!this.#attempts.has(notice.callId)) return;
        return this.#options.onReport?.(notice.callId, notice.report);
      case "event": {
        const attempt = this.#attempts.get(notice.callId);
        if (attempt !== undefined) this.#event(notice.callId, attempt, notice.event);
        return;
      }
    }
  }

  #event(callId: string, attempt: Attempt, event: TrunkEvent): void {
    if (event.kind === "ended") {
      attempt.hangupTimer?.cancel();
      this.#attempts.delete(callId);
    }
    attempt.listener(event);
  }

  #gone(host: CalleeHost, why: string): void {
    if (this.#host === host) this.#host = undefined;
    for (const [callId, attempt] of [...this.#attempts]) {
      if (attempt.host !== host) continue;
      this.#event(callId, attempt, { kind: "ended", outcome: "failed", cause: why });
    }
  }
}
