/** The intent to dial, on record before anybody is dialled. */
import { toErrorData } from "../../base/errors.js";
import type { Clock } from "../../base/ports.js";
import type { UserCallRecords } from "../../storage/call-records.js";
import type { CallView } from "../engine-node.js";
import type { CallRegistry } from "./call-registry.js";
import { recordOf } from "./call-view.js";
import type { RecordWriter } from "./record-writer.js";

/**
 * Puts a call that is about to be dialled on record. When that fails there is no such call.
 *
 * @throws {StorageError} why the store does not take it
 */
export async function putIntent(
  view: CallView,
  parts: {
    readonly store: Pick<UserCallRecords, "put">;
    readonly calls: CallRegistry;
    readonly records: RecordWriter | undefined;
    readonly time: Clock;
  },
): Promise<void> {
  const { store, calls, records, time } = parts;
  try {
    await store.put(recordOf(view));
  } catch (error) {
    calls.remove(view.callId);
    const ended = { status: "ended", outcome: "failed", endedEpochMs: time.epochMs() } as const;
    // It may have been stored all the same: then it must not look like a call that lives.
    const isUnknown = toErrorData(error).code === "STORE_TIMEOUT";
    if (isUnknown) void records?.put(recordOf({ ...view, ...ended }));
    throw error;
  }
}
