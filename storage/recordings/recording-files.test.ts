import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compiledEntry } from "../../base/compiled-entry.js";
import { decodeWav } from "../../codecs/audio/wav.js";
import { createAesSealer } from "../aes-sealer.js";
import { StorageError } from "../storage-error.js";
import { createRecordingStore } from "./recording-store.js";
import { appendRecordingChunk, closeRecording } from "./recording-files.js";
import { exportRecordingWav, findRecording } from "./recording-files.js";
import { readRecording } from "./recording-files.js";
import { fileHeaderBytes } from "./sealed-recording.js";

const header = { rateHz: 8000, channels: 2, startedEpochMs: 1_700_000_000_123 };
let root = "";
let place: { dataDir: string; kekFile: string };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "voxtree-recordings-"));
  place = { dataDir: join(root, "data"), kekFile: join(root, "kek") };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const id = { userId: "+8613800001111", callId: "call-1" };
const samplesOf = (index: number): Int16Array =>
  Int16Array.from({ length: 40 }, (_, at) => (index + 1) * 100 + at - 20_000 * (at % 2));
function append(index: number, isLast = false, over: object = {}): { readonly bytes: number } {
  const chunk = { ...place, ...id, index, isLast, header, samples: samplesOf(index) };
  return appendRecordingChunk({ ...chunk, ...over });
}
function record(chunkCount: number, over: object = {}): void {
  for (let i = 0; i < chunkCount; i += 1) append(i, i === chunkCount - 1, over);
}
function files(folder = join(place.dataDir, "recordings")): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
const theFile = (): string => files()[0]!;
const allSamples = (chunkCount: number): number[] =>
  Array.from({ length: chunkCount }, (_, i) => [...samplesOf(i)]).flat();
function errorOf(run: () => unknown): StorageError {
  try {
    run();
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}
/** The frames of a recording of equal chunks. */
function frames(bytes: Buffer, chunkCount: number): Buffer[] {
  const frameBytes = (bytes.length - fileHeaderBytes) / chunkCount;
  return Array.from({ length: chunkCount }, (_, i) =>
    bytes.subarray(fileHeaderBytes + i * frameBytes, fileHeaderBytes + (i + 1) * frameBytes),
  );
}
function rearranged(order: number[], chunkCount = 4): StorageError {
  record(chunkCount);
  const bytes = readFileSync(theFile());
  const parts = frames(bytes, chunkCount);
  const moved = order.map((i) => parts[i]!);
  writeFileSync(theFile(), Buffer.concat([bytes.subarray(0, fileHeaderBytes), ...moved]));
  return errorOf(() => readRecording({ ...place, ...id }));
}

describe("a recording in the codec of its call", () => {
  const coded = { ...header, codec: "pcmu" } as const;
  /** Left −32124, right 0; then left 0, right 32124: the ends of the law. */
  const bytes = Uint8Array.of(0x00, 0xff, 0xff, 0x80);

  it("is kept as it came, and decoded when it is read", () => {
    append(0, false, { header: coded, samples: bytes });
    append(1, true, { header: coded, samples: bytes });
    const { header: read, samples } = readRecording({ ...place, ...id });
    expect(read).toEqual(coded);
    expect([...samples]).toEqual([-32124, 0, 0, 32124, -32124, 0, 0, 32124]);
    exportRecordingWav({ ...place, ...id, wavFile: join(root, "a.wav") });
    expect([...decodeWav(readFileSync(join(root, "a.wav"))).samples]).toEqual([...samples]);
  });

  it("takes no samples of another kind than its header says", () => {
    const wrong = errorOf(() => append(0, false, { header: coded }));
    expect(wrong.code).toBe("RECORDING_CHUNK_INVALID");
    expect(errorOf(() => append(0, false, { samples: bytes })).message).toContain("16-bit samples");
  });

  it("is closed by an empty chunk like any other", () => {
    append(0, false, { header: coded, samples: bytes });
    const ms = closeRecording({ ...place, ...id }).recordedMs;
    expect(ms).toBe(2 / 8);
    expect(findRecording({ ...place, ...id })).toMatchObject({ isFinished: true });
  });
});

describe("recordings", () => {
  it("reads back what was appended, with its header", () => {
    record(5);
    const recording = readRecording({ ...place, ...id });
    expect(recording.header).toEqual(header);
    expect([...recording.samples]).toEqual(allSamples(5));
    expect(recording).toMatchObject({ chunkCount: 5, isTruncated: false });
  });

  it("does not double a repeated chunk, at whatever point it is repeated", () => {
    expect(append(0)).toEqual(append(0));
    const { bytes } = append(1);
    expect(append(0)).toEqual({ bytes });
    const last = append(2, true);
    expect(append(2, true)).toEqual(last);
    expect(append(1)).toEqual(last);
    expect(statSync(theFile()).size).toBe(last.bytes);
    expect([...readRecording({ ...place, ...id }).samples]).toEqual(allSamples(3));
  });

  it("refuses gaps, chunks after the last, another header, and half sample frames", () => {
    expect(errorOf(() => append(1)).code).toBe("RECORDING_GAP");
    expect(existsSync(join(place.dataDir, "recordings"))).toBe(false);
    append(0);
    const gap = errorOf(() => append(2));
    expect([gap.code, gap.detail["chunkCount"]]).toEqual(["RECORDING_GAP", 1]);
    const other = { header: { ...header, rateHz: 16_000 } };
    expect(errorOf(() => append(1, false, other)).code).toBe("RECORDING_HEADER_DIFFERS");
    expect(errorOf(() => append(1, false, { samples: new Int16Array(3) })).code).toBe(
      "RECORDING_CHUNK_INVALID",
    );
    expect(errorOf(() => append(0, true)).code).toBe("RECORDING_CHUNK_DIFFERS");
    append(1, true);
    expect(errorOf(() => append(2)).code).toBe("RECORDING_FINISHED");
    expect([...readRecording({ ...place, ...id }).samples]).toEqual(allSamples(2));
  });

  it("names the field of a header that cannot be, before anything is created", () => {
    for (const bad of [{ rateHz: 0 }, { channels: 9 }, { startedEpochMs: 1.5 }, { rateHz: NaN }]) {
      const error = errorOf(() => append(0, false, { header: { ...header, ...bad } }));
      expect([error.code, error.detail["field"]]).toEqual([
        "RECORDING_HEADER_INVALID",
        Object.keys(bad)[0],
      ]);
    }
    for (const index of [-1, 0.5, NaN, 2 ** 32]) {
      expect(errorOf(() => append(index)).code).toBe("RECORDING_CHUNK_INVALID");
    }
    expect(existsSync(join(place.dataDir, "recordings"))).toBe(false);
  });

  it("closes what a dead writer left behind its last whole chunk, once, over a torn tail", () => {
    expect(closeRecording({ ...place, ...id })).toEqual({ recordedMs: 0 });
    append(0);
    const oneChunk = readFileSync(theFile());
    append(1);
    const whole = readFileSync(theFile());
    for (const bytes of [fileHeaderBytes - 1, fileHeaderBytes, oneChunk.length - 1]) {
      writeFileSync(theFile(), whole.subarray(0, bytes));
      expect(closeRecording({ ...place, ...id })).toEqual({ recordedMs: 0 });
    }
    for (const bytes of [oneChunk.length, oneChunk.length + 9, whole.length - 1]) {
      writeFileSync(theFile(), whole.subarray(0, bytes));
      // 40 samples on two channels at 8 kHz.
      expect(closeRecording({ ...place, ...id })).toEqual({ recordedMs: 2.5 });
      expect(readRecording({ ...place, ...id })).toMatchObject({
        isTruncated: false,
        samples: samplesOf(0),
      });
    }
    expect(closeRecording({ ...place, ...id })).toEqual({ recordedMs: 2.5 });
    expect(errorOf(() => append(2)).code).toBe("RECORDING_FINISHED");
  });

  it("reads a file cut at any byte up to its last whole chunk, and goes on from there", () => {
    record(3);
    const whole = readFileSync(theFile());
    const frameBytes = (whole.length - fileHeaderBytes) / 3;
    for (let cut = 0; cut < whole.length; cut += 1) {
      writeFileSync(theFile(), whole.subarray(0, cut));
      const chunkCount = Math.max(0, Math.floor((cut - fileHeaderBytes) / frameBytes));
      if (cut >= fileHeaderBytes) {
        const recording = readRecording({ ...place, ...id });
        expect(recording).toMatchObject({ chunkCount, isTruncated: true });
        expect([...recording.samples]).toEqual(allSamples(chunkCount));
      } else {
        expect(errorOf(() => readRecording({ ...place, ...id })).code).toBe("RECORDING_MISSING");
      }
      expect(findRecording({ ...place, ...id })).toMatchObject({ chunkCount, isFinished: false });
      if (cut % 7 === 0) {
        for (let i = chunkCount; i < 3; i += 1) append(i, i === 2);
        expect(statSync(theFile()).size).toBe(whole.length);
        expect([...readRecording({ ...place, ...id }).samples]).toEqual(allSamples(3));
      }
    }
  });

  it("takes a tail of zeros for a torn one, but not zeros in the middle", () => {
    record(3);
    const whole = readFileSync(theFile());
    const frameBytes = (whole.length - fileHeaderBytes) / 3;
    const twoChunks = fileHeaderBytes + 2 * frameBytes;
    writeFileSync(theFile(), Buffer.from(whole).fill(0, twoChunks));
    expect(readRecording({ ...place, ...id })).toMatchObject({ chunkCount: 2, isTruncated: true });
    writeFileSync(theFile(), Buffer.from(whole).fill(0, twoChunks - frameBytes, twoChunks));
    expect(errorOf(() => readRecording({ ...place, ...id })).detail["chunkIndex"]).toBe(1);
  });

  it("finds every flipped bit and names the chunk", () => {
    record(3);
    const path = theFile();
    const whole = readFileSync(path);
    const frameBytes = (whole.length - fileHeaderBytes) / 3;
    for (let at = 0; at < whole.length; at += 1) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 1 << (at % 8);
      writeFileSync(path, flipped);
      const error = errorOf(() => readRecording({ ...place, ...id }));
      const chunkIndex = Math.max(0, Math.floor((at - fileHeaderBytes) / frameBytes));
      expect([at, error.code, error.detail["chunkIndex"]]).toEqual([at, "SEAL_BROKEN", chunkIndex]);
      expect(error.message).toContain(`chunk ${chunkIndex} `);
    }
  });

  it("finds swapped, replayed and cut chunks", () => {
    const cases: [number[], number][] = [
      [[0, 2, 1, 3], 1],
      [[0, 1, 1, 2, 3], 2],
      [[0, 1, 2, 2, 3], 3],
      [[1, 2, 3], 0],
      [[0, 2, 3], 1],
      [[0, 1, 2, 3, 3], 4],
      [[0, 1, 2, 3, 0], 4],
    ];
    for (const [order, chunkIndex] of cases) {
      rmSync(place.dataDir, { recursive: true, force: true });
      rmSync(place.kekFile, { force: true });
      const error = rearranged(order);
      expect([order, error.code, error.detail["chunkIndex"]]).toEqual([
        order,
        "SEAL_BROKEN",
        chunkIndex,
      ]);
    }
  });

  it("does not open a chunk of another call of the same user, nor one with a forged index", () => {
    record(2);
    const first = theFile();
    record(2, { callId: "call-2" });
    const second = files().find((path) => path !== first)!;
    const foreign = frames(readFileSync(second), 2);
    const own = readFileSync(first);
    const spliced = [own.subarray(0, fileHeaderBytes), frames(own, 2)[0]!, foreign[1]!];
    writeFileSync(first, Buffer.concat(spliced));
    expect(errorOf(() => readRecording({ ...place, ...id })).detail["chunkIndex"]).toBe(1);
    writeFileSync(first, readFileSync(second));
    expect(errorOf(() => readRecording({ ...place, ...id })).detail["chunkIndex"]).toBe(0);
  });

  it("never crashes otherwise than with a typed error on arbitrary damage", () => {
    record(3);
    const path = theFile();
    const whole = readFileSync(path);
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.nat(whole.length),
        (at, patch, keep) => {
          const damaged = Buffer.from(whole);
          damaged.set(patch.subarray(0, whole.length - at), at);
          writeFileSync(path, damaged.subarray(0, Math.max(keep, at)));
          try {
            const read = readRecording({ ...place, ...id });
            expect([...read.samples]).toEqual(allSamples(read.chunkCount));
          } catch (error) {
            expect(error).toBeInstanceOf(StorageError);
          }
          const end = ((): unknown => {
            try {
              return findRecording({ ...place, ...id });
            } catch (error) {
              return error;
            }
          })();
          expect(end instanceof Error ? end instanceof StorageError : true).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("keeps every id inside its folder and unreadable off the disk", () => {
    const hostile = [
      "../../../escape",
      "/etc/passwd",
      "a/b\\c",
      "..",
      "\0x",
      "CON",
      "é".repeat(200),
    ];
    for (const text of hostile) record(1, { userId: text, callId: text });
    for (const text of hostile) {
      expect(readRecording({ ...place, userId: text, callId: text }).chunkCount).toBe(1);
    }
    const names = files(root).map((path) => path.slice(root.length));
    const allowed =
      /^\/(kek|data\/keys\/kek-check|data\/(keys|recordings)\/[0-9a-f/]+\.(key|vxr))$/;
    expect(names.filter((name) => !allowed.test(name))).toEqual([]);
    expect(existsSync(join(dirname(root), "escape"))).toBe(false);
    const plainHash = createHash("sha256").update(hostile[0]!).digest("hex");
    expect(names.some((name) => name.includes(plainHash))).toBe(false);
    for (const bad of ["", "x".repeat(513), "\ud800"]) {
      expect(errorOf(() => record(1, { callId: bad })).code).toBe("ID_INVALID");
    }
  });

  it("holds no audio and no id in the clear, and shows nothing to other users of the machine", () => {
    record(2);
    for (const path of files(root)) {
      const bytes = readFileSync(path);
      expect(bytes.includes(id.userId) || bytes.includes(id.callId)).toBe(false);
      expect(bytes.includes(Buffer.from(samplesOf(0).buffer, 0, 16))).toBe(false);
      expect(statSync(path).mode & 0o077).toBe(0);
    }
  });

  it("stays whole when several threads append the same chunks at once", async () => {
    const entry = JSON.stringify(compiledEntry("storage/recordings/recording-files.js").href);
    const job = JSON.stringify({ ...place, ...id, header });
    const code = `(async () => {
      const { appendRecordingChunk } = await import(${entry});
      for (let index = 0; index < 60; index += 1) {
        const samples = Int16Array.from({ length: 1600 }, (_, at) => index * 100 + at % 100);
        appendRecordingChunk({ ...${job}, index, isLast: index === 59, samples });
      }
    })();`;
    const run = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const worker = new Worker(code, { eval: true });
        worker.once("exit", resolve);
        worker.once("error", reject);
      });
    await Promise.all([run(), run(), run()]);
    const recording = readRecording({ ...place, ...id });
    expect(recording).toMatchObject({ chunkCount: 60, isTruncated: false });
    const wrong = recording.samples.findIndex(
      (sample, at) => sample !== Math.floor(at / 1600) * 100 + (at % 100),
    );
    expect(wrong).toBe(-1);
  });

  it("is noise once the user is forgotten, and the running call cannot go on under a new key", () => {
    append(0);
    createAesSealer(place).forget(id.userId);
    expect(errorOf(() => readRecording({ ...place, ...id })).code).toBe("KEY_MISSING");
    expect(errorOf(() => append(1)).code).toBe("KEY_MISSING");
    record(1, { callId: "call-2" });
    expect(errorOf(() => readRecording({ ...place, ...id })).code).toBe("SEAL_BROKEN");
  });

  it("deletes all recordings of one user and of nobody else", () => {
    record(1);
    record(1, { callId: "call-2" });
    record(1, { userId: "other" });
    createRecordingStore({ ...place, sealer: createAesSealer(place) }).removeAll(id.userId);
    expect(files()).toHaveLength(1);
    expect(readRecording({ ...place, ...id, userId: "other" }).chunkCount).toBe(1);
    expect(findRecording({ ...place, ...id })).toBeUndefined();
  });

  it("exports to a WAV that holds the same samples, whole or not at all", () => {
    record(3);
    append(0, true, { callId: "empty", samples: new Int16Array(0) });
    const wavFile = join(root, "out.wav");
    expect(exportRecordingWav({ ...place, ...id, wavFile })).toEqual({
      header,
      sampleCount: 60,
      isTruncated: false,
    });
    const wav = decodeWav(readFileSync(wavFile));
    expect([wav.rateHz, wav.channels, [...wav.samples]]).toEqual([8000, 2, allSamples(3)]);
    exportRecordingWav({ ...place, ...id, callId: "empty", wavFile });
    expect(decodeWav(readFileSync(wavFile)).samples).toHaveLength(0);

    const [longest] = files().sort((a, b) => statSync(b).size - statSync(a).size);
    const bytes = readFileSync(longest!);
    bytes[bytes.length - 20]! ^= 1;
    writeFileSync(longest!, bytes);
    mkdirSync(join(root, "broken"));
    const broken = join(root, "broken", "out.wav");
    expect(errorOf(() => exportRecordingWav({ ...place, ...id, wavFile: broken })).code).toBe(
      "SEAL_BROKEN",
    );
    expect(readdirSync(dirname(broken))).toEqual([]);
  });
});
