/**
 * A live call as bytes for the ledger on disk, and back after a crash. The bytes are a msgpack list
 * `[form, call]`. A form that an older build wrote is lifted step by step to today's; one that does
 * not read is an error that names the call, and the call is ended without it.
 */
import { decode, Encoder } from "@msgpack/msgpack";
import { z } from "zod";
import type { CallSpec } from "../../actors/call/cast-ports.js";
import { EngineError } from "../../base/errors.js";
import type { Clock } from "../../base/ports.js";
import type { CallView } from "../engine-node.js";
import type { CallRegistry } from "./call-registry.js";
import type { Ledger } from "./ledger.js";

/** Everything that must outlive the process of a live call. Personal data. */
export type LiveCall = {
  readonly spec: CallSpec;
  readonly view: CallView;
  /** `CallMemory` as msgpack; absent before the answer. */
  readonly memory?: Uint8Array;
  /** Shards it was lost with. */
  readonly losses: number;
  /** Processes it outlived; absent: none. */
  readonly processLosses?: number;
  /** Wall time minus monotonic time: the monotonic times in `memory` mean nothing without it. */
  readonly clockOffsetMs: number;
  /** Of its oldest resume token that is good; absent where its client cannot come back. */
  readonly generation?: number;
};

/** Form of today's bytes. */
export const liveCallForm = 2;

/** Lifts a call of form n to form n + 1; the key is n. A released step is never changed. */
export type LiveCallSteps = Readonly<Record<number, (call: unknown) => unknown>>;

const steps: LiveCallSteps = {
  // Form 2 has `generation`, which says that a call may go on in another process. Without: it ends.
  1: (call) => call,
};

const spec = z.object({
  callId: z.string().min(1),
  userId: z.string().min(1),
  flowId: z.string(),
  variables: z.record(z.string(), z.string()),
  isRecorded: z.boolean(),
  hearing: z
    .object({
      suppressesNoise: z.boolean(),
      normalisesLevel: z.boolean(),
      dialect: z.string().optional(),
    })
    .optional(),
  answerMsMax: z.number(),
  durationMsMax: z.number(),
});

/** What recovery itself reads of a view; the rest was made by us and is kept as it is. */
const view = z.looseObject({
  callId: z.string(),
  status: z.enum(["dialing", "live", "resuming", "ended"]),
  state: z.string().optional(),
  startedEpochMs: z.number(),
  transcript: z.array(z.unknown()),
});

const schema = z.object({
  spec,
  view,
  memory: z.instanceof(Uint8Array).optional(),
  losses: z.int().min(0),
  processLosses: z.int().min(0).optional(),
  clockOffsetMs: z.number(),
  generation: z.int().min(0).optional(),
});

/** One for all: what it returns is as long as what is in it, and not the 2 kB of a new one. */
const encoder = new Encoder({ ignoreUndefined: true });

export function encodeLiveCall(call: LiveCall): Uint8Array {
  return encoder.encode([liveCallForm, call]);
}

/** A call as it stands, as bytes for the ledger on disk; undefined when it has ended. */
export function liveCallBytes(
  ledger: Pick<Ledger, "find">,
  calls: Pick<CallRegistry, "find">,
  callId: string,
  clock: Clock,
): { readonly userId: string; readonly memory: Uint8Array } | undefined {
  const [entry, view] = [ledger.find(callId), calls.find(callId)];
  if (entry === undefined || view === undefined) return undefined;
  const { spec, memory, losses, processLosses, generation } = entry;
  const clockOffsetMs = clock.epochMs() - clock.nowMs();
  const call: LiveCall = {
    spec,
    view,
    losses,
    processLosses,
    clockOffsetMs,
    ...(memory === undefined ? {} : { memory }),
    ...(generation === undefined ? {} : { generation }),
  };
  return { userId: spec.userId, memory: encodeLiveCall(call) };
}

/**
 * @param known for tests: steps and form of another build
 * @throws {EngineError} `LIVE_CALL_CORRUPT` (cut, altered, or not a live call), `LIVE_CALL_NEWER`
 */
export function decodeLiveCall(
  callId: string,
  bytes: Uint8Array,
  known: { readonly steps: LiveCallSteps; readonly form: number } = { steps, form: liveCallForm },
): LiveCall {
  const [form, stored] = unpack(callId, bytes);
  if (form > known.form) {
    const message = `memory of call ${callId} has form ${form}; this build reads up to ${known.form}`;
    throw new EngineError("LIVE_CALL_NEWER", message, { callId, form, formMax: known.form });
  }
  let call = stored;
  for (let at = form; at < known.form; at += 1) {
    const step = known.steps[at];
    if (step === undefined) throw corrupt(callId, `no build ever wrote form ${at}`);
    call = lift(callId, step, call);
  }
  const parsed = schema.safeParse(call);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => path.join("."));
    throw corrupt(callId, `wrong field ${[...new Set(fields)].join(", ") || "(all of it)"}`);
  }
  if (parsed.data.spec.callId !== callId) throw corrupt(callId, "it is of another call");
  return parsed.data as unknown as LiveCall;
}

function unpack(callId: string, bytes: Uint8Array): [number, unknown] {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (cause) {
    throw corrupt(callId, `${bytes.length} bytes do not read as msgpack`, cause);
  }
  const [form, call] = Array.isArray(value) ? (value as unknown[]) : [];
  if (!Number.isInteger(form) || (form as number) < 1) throw corrupt(callId, "it has no form");
  return [form as number, call];
}

function lift(callId: string, step: (call: unknown) => unknown, call: unknown): unknown {
  try {
    return step(call);
  } catch (cause) {
    throw corrupt(callId, "its older form does not read", cause);
  }
}

/** The cause may hold pieces of the memory itself, so it is not passed on but by its kind. */
function corrupt(callId: string, why: string, cause?: unknown): EngineError {
  const detail = cause instanceof Error ? { callId, why, cause: cause.name } : { callId, why };
  return new EngineError(
    "LIVE_CALL_CORRUPT",
    `memory of call ${callId} is corrupt: ${why}`,
    detail,
  );
}
