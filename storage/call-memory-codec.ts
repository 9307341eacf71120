/** A call's memory as a row of the ledger: sealed, and bound to its call and its time. */
import type { CallMemoryEntry } from "./call-ledger.js";
import { memoryBytesMax } from "./call-ledger.js";
import { idBytes } from "./ids.js";
import type { IndexedSealer } from "./sealer.js";
import { StorageError } from "./storage-error.js";

/** A row of `call_ledger`. */
export type CallMemoryRow = {
  readonly callId: string;
  readonly userIndex: string;
  readonly savedEpochMs: number;
  readonly sealed: Uint8Array;
};

/** @throws {StorageError} `MEMORY_TOO_LARGE`, `MEMORY_INVALID`, `ID_INVALID`, `KEY_WRONG` */
export function encodeCallMemory(entry: CallMemoryEntry, sealer: IndexedSealer): CallMemoryRow {
  const { callId, userId, savedEpochMs, memory } = entry;
  idBytes("callId", callId);
  if (!Number.isSafeInteger(savedEpochMs) || savedEpochMs < 0) {
    const why = `savedEpochMs is ${savedEpochMs}, not whole milliseconds since 1970`;
    throw new StorageError("MEMORY_INVALID", `memory of call ${callId}: ${why}`, { callId });
  }
  if (memory.length > memoryBytesMax) {
    throw new StorageError(
      "MEMORY_TOO_LARGE",
      `memory of call ${callId} has ${memory.length} bytes, allowed are ${memoryBytesMax}: ` +
        "what was kept before stays",
      { callId, bytes: memory.length, bytesMax: memoryBytesMax },
    );
  }
  const userIndex = sealer.blindIndex("user", userId);
  const sealed = sealer.seal(userId, memory, contextOf(entry));
  return { callId, userIndex, savedEpochMs, sealed };
}

/** @throws {StorageError} `KEY_MISSING` when the user was forgotten, `SEAL_BROKEN` */
export function decodeCallMemory(
  row: CallMemoryRow,
  sealer: IndexedSealer,
): Omit<CallMemoryEntry, "userId"> {
  const { callId, userIndex, savedEpochMs, sealed } = row;
  const opened = sealer.openIndexed(userIndex, sealed, contextOf(row));
  // A plain view: from a Buffer, binary values inside would come out as Buffers.
  const memory = new Uint8Array(opened.buffer, opened.byteOffset, opened.length);
  return { callId, savedEpochMs, memory };
}

function contextOf({ callId, savedEpochMs }: Pick<CallMemoryRow, "callId" | "savedEpochMs">) {
  return Buffer.from(`voxtree call memory 1\0${JSON.stringify([callId, savedEpochMs])}`, "utf8");
}
