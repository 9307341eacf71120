/**
 * The memory of a call that outlived its process, made good for this one: monotonic times in it are
 * those of a clock that is gone.
 */
import { encode } from "@msgpack/msgpack";
import type { CallMemory } from "../../actors/call/cast-ports.js";
import { readCallMemory } from "../shard/read-memory.js";

/**
 * Utterance numbers are left out so many at a time: the newest of them may not have come to the
 * disk, and what a client was told to drop it would drop again.
 */
const utterancesSkipped = 1000;

export type KeptMemory = {
  /** `CallMemory` as msgpack. */
  readonly memory: Uint8Array;
  /** Which content of its flow the dialog is of; undefined while it has not begun. */
  readonly flowVersion: string | undefined;
  /** Not that of the spec where the dialog has changed its language. */
  readonly flowId: string | undefined;
};

/**
 * @param shiftMs what is added to the old process's monotonic time to get ours
 * @throws {EngineError} `CALL_MEMORY_CORRUPT`
 */
export function translateMemory(callId: string, bytes: Uint8Array, shiftMs: number): KeptMemory {
  const memory = readCallMemory(callId, bytes);
  const { recordingAnchor: anchor, snapshot } = memory;
  const translated: CallMemory = {
    ...memory,
    answeredAtMs: memory.answeredAtMs + shiftMs,
    lastUtterance: memory.lastUtterance + utterancesSkipped,
    ...(anchor && { recordingAnchor: { ...anchor, atMs: anchor.atMs + shiftMs } }),
  };
  return { memory: encode(translated), flowVersion: snapshot?.version, flowId: snapshot?.flow };
}
