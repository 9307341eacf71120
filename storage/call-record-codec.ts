/**
 * A call record as a database row: what reports count by is plain, what a person is or said is one
 * sealed value. The plain columns are the seal's context, so a row altered by hand does not open.
 */
import { decode, encode } from "@msgpack/msgpack";
import type { CallRecord } from "./call-records.js";
import { idBytes } from "./ids.js";
import type { IndexedSealer } from "./sealer.js";
import { StorageError, type StorageErrorCode } from "./storage-error.js";

/** A row of `call_records`. `userIndex` and `sealed` are null once the user was forgotten. */
export type CallRecordRow = {
  readonly callId: string;
  readonly userIndex: string | null;
  readonly flowId: string;
  readonly outcome: string | null;
  readonly startedEpochMs: number;
  readonly endedEpochMs: number | null;
  readonly sealed: Uint8Array | null;
};

/** 1 MiB of sealed detail: hours of transcript. Audio belongs into a recording. */
export const detailBytesMax = 1024 * 1024;
const textBytesMax = 200;

/**
 * Checks and seals a record.
 *
 * @throws {StorageError} `RECORD_INVALID` naming the field, `ID_INVALID`, `KEY_WRONG`
 */
export function encodeCallRecord(record: CallRecord, sealer: IndexedSealer): CallRecordRow {
  requireText("callId", record.callId);
  requireText("flowId", record.flowId);
  if (record.outcome !== undefined) requireText("outcome", record.outcome);
  requireEpochMs("startedEpochMs", record.startedEpochMs);
  if (record.endedEpochMs !== undefined) requireEpochMs("endedEpochMs", record.endedEpochMs);
  const plain = {
    callId: record.callId,
    flowId: record.flowId,
    outcome: record.outcome ?? null,
    startedEpochMs: record.startedEpochMs,
    endedEpochMs: record.endedEpochMs ?? null,
  };
  const userIndex = sealer.blindIndex("user", record.userId);
  const sealed = sealer.seal(record.userId, encodePersonal(record), rowContext(plain));
  return { ...plain, userIndex, sealed };
}

/**
 * Opens a row.
 *
 * @throws {StorageError} `KEY_MISSING` when its user was forgotten, `SEAL_BROKEN`
 */
export function decodeCallRecord(row: CallRecordRow, sealer: IndexedSealer): CallRecord {
  if (row.userIndex === null || row.sealed === null) {
    throw new StorageError(
      "KEY_MISSING",
      `call ${row.callId} belonged to a user who was forgotten: only flow, outcome and times remain`,
      { callId: row.callId },
    );
  }
  const { userIndex, sealed } = row;
  const open = (): Uint8Array => sealer.openIndexed(userIndex, sealed, rowContext(row));
  const opened = named(row.callId, open);
  // A plain view: from a Buffer, binary values inside would come out as Buffers.
  const view = new Uint8Array(opened.buffer, opened.byteOffset, opened.length);
  const [userId, detail] = decode(view) as [string, unknown];
  return {
    callId: row.callId,
    userId,
    flowId: row.flowId,
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
    startedEpochMs: row.startedEpochMs,
    ...(row.endedEpochMs === null ? {} : { endedEpochMs: row.endedEpochMs }),
    detail,
  };
}

/** Says which call it is that does not open. */
function named<T>(callId: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const message = `call record ${callId}: ${error.message}`;
    throw new StorageError(error.code as StorageErrorCode, message, { callId }, { cause: error });
  }
}

type PlainColumns = Omit<CallRecordRow, "userIndex" | "sealed">;

function rowContext(row: PlainColumns): Uint8Array {
  const { callId, flowId, outcome, startedEpochMs, endedEpochMs } = row;
  const columns = [callId, flowId, outcome, startedEpochMs, endedEpochMs];
  return Buffer.from(`voxtree call record 1\0${JSON.stringify(columns)}`, "utf8");
}

function encodePersonal(record: CallRecord): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = encode([record.userId, record.detail]);
  } catch (cause) {
    throw invalid("detail", "cannot be stored: it is to be plain data", {}, cause);
  }
  if (bytes.length > detailBytesMax) {
    throw invalid("detail", `has ${bytes.length} bytes, allowed are ${detailBytesMax}`, {
      bytes: bytes.length,
      bytesMax: detailBytesMax,
    });
  }
  return bytes;
}

function requireText(field: string, value: unknown): void {
  if (typeof value !== "string") throw invalid(field, `is a ${typeof value}, not a text`);
  const bytes = Buffer.byteLength(value, "utf8");
  if (bytes === 0 || bytes > textBytesMax) {
    throw invalid(field, `has ${bytes} bytes, allowed are 1 to ${textBytesMax}`, { bytes });
  }
  idBytes(field, value);
}

function requireEpochMs(field: string, value: unknown): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return;
  throw invalid(field, `is ${String(value)}, not whole milliseconds since 1970`);
}

function invalid(
  field: string,
  why: string,
  detail: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): StorageError {
  const options = cause === undefined ? undefined : { cause };
  const message = `call record: ${field} ${why}`;
  return new StorageError("RECORD_INVALID", message, { field, ...detail }, options);
}
