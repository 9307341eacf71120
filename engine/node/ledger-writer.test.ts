import { describe, expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import type { CallMemoryEntry } from "../../storage/call-ledger.js";
import { StorageError } from "../../storage/storage-error.js";
import { LedgerWriter } from "./ledger-writer.js";

/** A store whose answers are the test's, and a call that is a number. */
function rig() {
  const time = virtualTime();
  const values = new Map<string, number>();
  const written: { callId: string; value: number; answer(error?: Error): Promise<void> }[] = [];
  const alive: number[] = [];
  const logs: object[] = [];
  const writer = new LedgerWriter({
    time,
    ledger: {
      remember: ({ callId, memory }: CallMemoryEntry) =>
        new Promise((resolve, reject) => {
          const answer = (error?: Error): Promise<void> => {
            if (error === undefined) resolve();
            else reject(error);
            return flush();
          };
          written.push({ callId, value: memory[0]!, answer });
        }),
      alive: (epochMs) => Promise.resolve(void alive.push(epochMs)),
    },
    read(callId) {
      const value = values.get(callId);
      return value === undefined ? undefined : { userId: "u", memory: new Uint8Array([value]) };
    },
    log: (_level, message, fields) => void logs.push({ message, ...fields }),
  });
  const set = (callId: string, value: number): void => {
    values.set(callId, value);
    writer.changed(callId);
  };
  const seen = () => written.map(({ callId, value }) => `${callId} ${value}`);
  return { time, writer, written, values, alive, logs, set, seen };
}

async function flush(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

describe("the ledger on disk", () => {
  test("gets many changes of one turn as one, and those during a write as the next one", async () => {
    const { set, seen, written, time } = rig();
    for (const value of [1, 2, 3]) set("a", value);
    set("b", 9);
    time.settle();
    expect(seen()).toEqual(["a 3", "b 9"]);
    set("a", 4);
    set("a", 5);
    time.settle();
    expect(seen()).toHaveLength(2);
    await written[0]!.answer();
    time.advance(199);
    expect(seen()).toHaveLength(2);
    time.advance(1);
    expect(seen()).toEqual(["a 3", "b 9", "a 5"]);
    await written[2]!.answer();
    set("a", 6);
    time.advance(200);
    expect(seen().at(-1)).toBe("a 6");
  });

  test("gets nothing of a call that has ended", async () => {
    const { set, seen, written, values, writer, time } = rig();
    set("a", 1);
    time.settle();
    set("a", 2);
    values.delete("a");
    writer.forget("a");
    await written[0]!.answer();
    time.settle();
    expect(seen()).toEqual(["a 1"]);
  });

  test("tries again a second after a failure, with the newest, and says it once", async () => {
    const { set, seen, written, logs, time } = rig();
    const lost = () => new StorageError("STORE_TIMEOUT", "the store did not answer", {});
    set("a", 1);
    time.settle();
    await written[0]!.answer(lost());
    time.advance(999);
    expect(seen()).toHaveLength(1);
    time.advance(1);
    time.settle();
    expect(seen()).toHaveLength(2);
    await written[1]!.answer(lost());
    set("a", 2);
    time.advance(200);
    expect(seen().at(-1)).toBe("a 2");
    expect(logs).toMatchObject([{ callId: "a", code: "STORE_TIMEOUT" }]);
  });

  test("what is too large is said, and not tried again before it changes", async () => {
    const { set, seen, written, logs, time } = rig();
    set("a", 1);
    time.settle();
    await written[0]!.answer(new StorageError("MEMORY_TOO_LARGE", "too large", { bytes: 9 }));
    time.advance(5000);
    expect(seen()).toHaveLength(1);
    expect(logs).toMatchObject([{ code: "MEMORY_TOO_LARGE", bytes: 9 }]);
    set("a", 2);
    time.settle();
    expect(seen()).toHaveLength(2);
  });

  test("notes every second that the process lives, while a call does", async () => {
    const { set, writer, alive, values, time } = rig();
    time.advance(3000);
    expect(alive).toHaveLength(0);
    set("a", 1);
    time.advance(2500);
    await flush();
    expect(alive).toHaveLength(3);
    values.delete("a");
    writer.forget("a");
    time.advance(5000);
    expect(alive).toHaveLength(3);
    // A late word of a call that has ended begins nothing.
    writer.changed("a");
    time.settle();
    await flush();
    const noted = alive.length;
    time.advance(5000);
    expect(alive.length).toBeLessThanOrEqual(noted + 1);
    set("b", 1);
    time.settle();
    writer.stop();
    expect(time.pendingCount).toBe(0);
  });

  test("forgets a call that is over when something is said of it, and notes no more life", async () => {
    const { writer, alive, time } = rig();
    writer.changed("gone");
    time.settle();
    await flush();
    time.advance(60_000);
    await flush();
    expect(alive.length).toBeLessThanOrEqual(2);
    expect(time.pendingCount).toBe(0);
  });
});
