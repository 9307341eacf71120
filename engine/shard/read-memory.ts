/**
 * A call's memory back from bytes. It comes from a shard that died, perhaps in the middle of
 * something: what does not read ends its call, and must not take this shard along.
 */
import { decode } from "@msgpack/msgpack";
import { z } from "zod";
import type { CallMemory } from "../../actors/call/cast-ports.js";
import { EngineError } from "../../base/errors.js";

/** Only what the cast counts with; the snapshot is checked by its flow. */
const schema = z.looseObject({
  answeredAtMs: z.number(),
  startedEpochMs: z.number(),
  lastUtterance: z.int().min(0),
  snapshot: z.looseObject({}).optional(),
  recordingAnchor: z.looseObject({ atMs: z.number(), mediaSamples: z.number() }).optional(),
});

/** @throws {EngineError} `CALL_MEMORY_CORRUPT`, without anything of what it holds */
export function readCallMemory(callId: string, bytes: Uint8Array): CallMemory {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch {
    // The cause may hold pieces of the memory.
    throw corrupt(callId, `${bytes.length} bytes do not read as msgpack`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data as unknown as CallMemory;
  const fields = parsed.error.issues.map(({ path }) => path.join(".") || "(all of it)");
  throw corrupt(callId, `wrong field ${[...new Set(fields)].join(", ")}`);
}

function corrupt(callId: string, why: string): EngineError {
  const message = `memory of call ${callId} is corrupt: ${why}; the call ends`;
  return new EngineError("CALL_MEMORY_CORRUPT", message, { callId, why });
}
