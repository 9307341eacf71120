/**
 * Any trunk, kept within its lines and its rate. A call beyond them is refused before anybody is
 * dialled; who asks with `reserve` first learns it before the call exists.
 */
import type { Time } from "../../base/ports.js";
import { endedAttempt } from "./plain-attempt.js";
import type { OriginateRequest, Trunk, TrunkAttempt, TrunkEvent, TrunkRefusal } from "./trunk.js";
import { refusalOf, stillTaken, type TakenMs, type TrunkLimits } from "./trunk-limits.js";

/** @returns the trunk itself where nothing is limited */
export function limitTrunk(
  trunk: Trunk,
  limits: TrunkLimits,
  time: Pick<Time, "nowMs" | "soon">,
): Trunk {
  const { attemptsMax, attemptsPerSecond } = limits;
  if (attemptsMax === undefined && attemptsPerSecond === undefined) return trunk;
  const lines = new Lines(trunk.name, limits, time);
  return {
    name: trunk.name,
    ...(trunk.webhook === undefined ? {} : { webhook: trunk.webhook.bind(trunk) }),
    start: () => trunk.start(),
    stop: () => trunk.stop(),
    health: () => ({ ...trunk.health(), ...(attemptsMax === undefined ? {} : { attemptsMax }) }),
    reserve: (callId) => lines.take(callId),
    release: (callId) => lines.giveBack(callId),
    originate: (request, listener) => originate({ trunk, lines, time }, request, listener),
  };
}

function originate(
  parts: { readonly trunk: Trunk; readonly lines: Lines; readonly time: Pick<Time, "soon"> },
  request: OriginateRequest,
  listener: (event: TrunkEvent) => void,
): TrunkAttempt {
  const { trunk, lines, time } = parts;
  const { callId } = request;
  const line = lines.use(callId);
  if (typeof line === "object") {
    const cause = `not dialled: ${line.why}`;
    return endedAttempt({ kind: "ended", outcome: "congestion", cause }, listener, time);
  }
  return trunk.originate(request, (event) => {
    if (event.kind === "ended" && line === "taken") lines.giveBack(callId);
    listener(event);
  });
}

/** Who has a line. */
class Lines {
  readonly #name: string;
  readonly #limits: TrunkLimits;
  readonly #time: Pick<Time, "nowMs">;
  readonly #reserved = new Set<string>();
  readonly #inUse = new Set<string>();
  #takenMs: TakenMs = [];

  constructor(name: string, limits: TrunkLimits, time: Pick<Time, "nowMs">) {
    this.#name = name;
    this.#limits = limits;
    this.#time = time;
  }

  take(callId: string): TrunkRefusal | undefined {
    if (this.#reserved.has(callId) || this.#inUse.has(callId)) return undefined;
    const nowMs = this.#time.nowMs();
    this.#takenMs = stillTaken(this.#takenMs, nowMs, this.#limits);
    const attempts = this.#reserved.size + this.#inUse.size;
    const state = { takenMs: this.#takenMs, attempts, nowMs };
    const refusal = refusalOf(this.#name, state, this.#limits);
    if (refusal !== undefined) return refusal;
    this.#reserved.add(callId);
    this.#takenMs = [...this.#takenMs, nowMs];
    return undefined;
  }

  /** `shared`: another attempt has this call id, which the trunk itself refuses. */
  use(callId: string): "taken" | "shared" | TrunkRefusal {
    if (this.#inUse.has(callId)) return "shared";
    const refusal = this.take(callId);
    if (refusal !== undefined) return refusal;
    this.#reserved.delete(callId);
    this.#inUse.add(callId);
    return "taken";
  }

  giveBack(callId: string): void {
    this.#reserved.delete(callId);
    this.#inUse.delete(callId);
  }
}
