import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MessageChannel } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compiledEntry } from "../base/compiled-entry.js";
import { nodeThreadHost, nodeTime } from "../base/node-ports.js";
import type { ThreadExit, ThreadHandle } from "../base/ports.js";
import { virtualTime } from "../base/virtual-time.js";
import { createAesSealer } from "./aes-sealer.js";
import type { CallRecord, UserCallRecords } from "./call-records.js";
import { readRecording } from "./recordings/recording-files.js";
import { openSqliteCallStore } from "./sqlite-call-store.js";
import { createStoreClient, type StoreClientOptions } from "./store-client.js";
import type { StoreReport } from "./store-messages.js";

let root = "";
let place: { dataDir: string; kekFile: string };
const threads: ThreadHandle[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "voxtree-store-"));
  place = { dataDir: join(root, "data"), kekFile: join(root, "kek") };
});
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.terminate();
  rmSync(root, { recursive: true, force: true });
});

type Store = { thread: ThreadHandle; report: Promise<StoreReport>; exit: Promise<ThreadExit> };
function start(over: object = {}): Store {
  const thread = nodeThreadHost.spawn({
    name: "store",
    entry: compiledEntry("storage/store-main.js"),
    data: { ...place, ...over },
  });
  threads.push(thread);
  const report = new Promise<StoreReport>((resolve) =>
    thread.onMessage((message) => resolve(message as StoreReport)),
  );
  return { thread, report, exit: new Promise((resolve) => thread.onExit(resolve)) };
}
function connect(store: Store, over: Partial<StoreClientOptions> = {}): UserCallRecords {
  const { port1, port2 } = new MessageChannel();
  store.thread.post({ kind: "connect", port: port2 }, [port2]);
  return createStoreClient({ port: port1, time: nodeTime(), deadlineMs: 20_000, ...over });
}
const record = (callId: string, over: Partial<CallRecord> = {}): CallRecord => ({
  callId,
  userId: "user-1",
  flowId: "appointment",
  startedEpochMs: 1_700_000_000_000,
  detail: { text: "yes", audio: new Uint8Array([1, 2, 3]) },
  ...over,
});

describe("store thread", () => {
  it("serves several ports, before and after it said that it is ready", async () => {
    const store = start();
    const early = connect(store);
    await early.put(record("a"));
    expect(await store.report).toEqual({ kind: "ready" });
    const late = connect(store);
    expect(await late.get("a")).toEqual(record("a"));
    await Promise.all(
      [early, late].flatMap((client, side) =>
        Array.from({ length: 100 }, (_, at) => client.put(record(`${side}-${at}`))),
      ),
    );
    await early.close();
    expect(await late.list({ userId: "user-1", countMax: 999 })).toHaveLength(201);
    expect(await late.forget("user-1")).toEqual({ recordCount: 201 });
    await expect(late.get("a")).rejects.toMatchObject({ code: "KEY_MISSING" });
    await late.close();
  });

  it("answers questions on its parent port, too", async () => {
    const store = start();
    await store.report;
    const reply = new Promise((resolve) => store.thread.onMessage(resolve));
    store.thread.post({ id: 7, op: "get", callId: "unknown" });
    expect(await reply).toEqual({ id: 7, ok: true, value: undefined });
  });

  it("stores what was asked before the order to close, then ends by itself", async () => {
    const store = start();
    const client = connect(store);
    await client.get("x");
    const puts = Array.from({ length: 500 }, (_, at) => client.put(record(`c${at}`)));
    await Promise.all(puts);
    const closed = new Promise((resolve) => store.thread.onMessage(resolve));
    store.thread.post({ kind: "close" });
    expect(await closed).toEqual({ kind: "closed" });
    expect((await store.exit).exitCode).toBe(0);
    await expect(client.get("c1")).rejects.toMatchObject({ code: "STORE_LOST" });
    const again = connect(start());
    expect(await again.list({ userId: "user-1", countMax: 999 })).toHaveLength(500);
    await again.close();
  });

  it("passes errors on whole: code, detail and message", async () => {
    const client = connect(start({ limits: { rowsMax: 1, bytesMax: 1e6 } }));
    await expect(client.put(record("", {}))).rejects.toMatchObject({
      code: "RECORD_INVALID",
      detail: { field: "callId" },
    });
    await expect(client.put(record("a", { detail: () => 1 }))).rejects.toMatchObject({
      code: "RECORD_INVALID",
      detail: { field: "detail" },
    });
    const settled = await Promise.allSettled(
      Array.from({ length: 200 }, (_, at) => client.put(record(`c${at}`))),
    );
    const refused = settled.filter((put) => put.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ code: "STORE_BUSY", detail: { rowsMax: 1 } });
    }
    const stored = settled.length - refused.length;
    expect(await client.list({ userId: "user-1", countMax: 999 })).toHaveLength(stored);
    await client.close();
  });

  it("says why it cannot start, and ends", async () => {
    createAesSealer(place);
    writeFileSync(join(place.dataDir, "voxtree.db"), "no database at all ".repeat(500));
    const store = start();
    expect(await store.report).toMatchObject({
      kind: "failed",
      error: { code: "STORE_CORRUPT" },
    });
    expect((await store.exit).exitCode).toBe(1);
    writeFileSync(place.kekFile, "short");
    expect(await start().report).toMatchObject({ error: { code: "KEY_FILE_INVALID" } });
  });

  it("loses no question without a word when it is killed", async () => {
    const store = start();
    const client = connect(store);
    await client.put(record("a", { outcome: "confirmed" }));
    const open = Array.from({ length: 50 }, (_, at) => client.put(record(`c${at}`)));
    const settled = Promise.allSettled(open);
    await store.thread.terminate();
    for (const put of await settled) {
      if (put.status === "rejected") expect(put.reason).toMatchObject({ code: "STORE_LOST" });
    }
    await expect(client.get("a")).rejects.toMatchObject({ code: "STORE_LOST" });
    const next = connect(start());
    expect(await next.get("a")).toEqual(record("a", { outcome: "confirmed" }));
    const kept = await Promise.all(open.map((_, at) => next.get(`c${at}`)));
    const confirmed = (await settled).flatMap((put, at) =>
      put.status === "fulfilled" ? [at] : [],
    );
    expect(confirmed.every((at) => kept[at] !== undefined)).toBe(true);
    await next.close();
  });
});

describe("store client", () => {
  it("ends a question at its deadline and ignores the answer that comes later", async () => {
    const { port1, port2 } = new MessageChannel();
    const time = virtualTime();
    const client = createStoreClient({ port: port1, time, deadlineMs: 100, pendingMax: 2 });
    const asked = client.get("a");
    const other = client.get("b");
    const question = new Promise<{ id: number }>((resolve) => port2.once("message", resolve));
    await expect(client.get("c")).rejects.toMatchObject({ code: "STORE_BUSY" });
    time.advance(99);
    const { id } = await question;
    expect(time.pendingCount).toBe(2);
    time.advance(1);
    await expect(asked).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    await expect(other).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    const next = client.get("d");
    port2.postMessage({ id, ok: true, value: "too late" });
    port2.postMessage({ id: 999, ok: true, value: "to nobody" });
    port2.postMessage({ id: id + 2, ok: true, value: undefined });
    expect(await next).toBeUndefined();
    expect(time.pendingCount).toBe(0);
    port2.close();
  });

  it("closes after its open questions were answered, and asks nothing more", async () => {
    const { port1, port2 } = new MessageChannel();
    port2.on("message", ({ id }: { id: number }) =>
      port2.postMessage({ id, ok: true, value: undefined }),
    );
    const client = createStoreClient({ port: port1, time: virtualTime() });
    const asked = client.get("a");
    await Promise.all([client.close(), client.close()]);
    expect(await asked).toBeUndefined();
    await expect(client.get("a")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });
});

/** Runs compiled code in a process, gives every line it prints, and kills it when told to. */
async function runAndKill(code: string, lineCount: number): Promise<string[]> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === lineCount) child.kill("SIGKILL");
  }
  await gone;
  return lines;
}
const module = (path: string): string => JSON.stringify(compiledEntry(path).href);

describe("a process that is killed in the middle of writing", () => {
  it("loses no call record that it was told is stored", async () => {
    const code = `
      const { createAesSealer } = await import(${module("storage/aes-sealer.js")});
      const { openSqliteCallStore } = await import(${module("storage/sqlite-call-store.js")});
      const { nodeTime } = await import(${module("base/node-ports.js")});
      const { writeSync } = await import("node:fs");
      const place = ${JSON.stringify(place)};
      const file = place.dataDir + "/voxtree.db";
      const sealer = createAesSealer(place);
      const records = openSqliteCallStore({ file, sealer, time: nodeTime() });
      const put = (at) => records.put({ callId: "c" + at, userId: "u" + at % 7, flowId: "f",
        startedEpochMs: at, detail: "x".repeat(at % 5000), ...(at % 3 ? {} : { outcome: "o" }) })
        .then(() => { writeSync(1, "c" + at + "\\n"); return put(at + 100); });
      for (let at = 0; at < 100; at += 1) void put(at);
    `;
    for (const lineCount of [1, 700, 1500]) {
      const stored = await runAndKill(code, lineCount);
      expect(stored.length).toBeGreaterThanOrEqual(lineCount);
      const records = openSqliteCallStore({
        file: join(place.dataDir, "voxtree.db"),
        sealer: createAesSealer(place),
        time: nodeTime(),
      });
      for (const callId of stored) {
        expect((await records.get(callId))?.startedEpochMs).toBe(Number(callId.slice(1)));
      }
      await records.close();
    }
  });

  it("leaves a recording that holds every chunk it was told is appended", async () => {
    const code = `
      const { appendRecordingChunk } = await import(${module("storage/recordings/recording-files.js")});
      const { writeSync } = await import("node:fs");
      const header = { rateHz: 16000, channels: 2, startedEpochMs: 1 };
      for (let index = 0; ; index += 1) {
        const samples = new Int16Array(32000).fill(index % 30000);
        appendRecordingChunk({ ...${JSON.stringify(place)}, userId: "u", callId: "c", index,
          isLast: false, header, samples });
        writeSync(1, index + "\\n");
      }
    `;
    const appended = await runAndKill(code, 200);
    const recording = readRecording({ ...place, userId: "u", callId: "c" });
    expect(recording.isTruncated).toBe(true);
    expect(recording.chunkCount).toBeGreaterThanOrEqual(appended.length);
    for (let index = 0; index < recording.chunkCount; index += 1) {
      expect(recording.samples[index * 32_000 + 31_999]).toBe(index);
    }
  });
});
