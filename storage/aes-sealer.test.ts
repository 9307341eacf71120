import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { existsSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compiledEntry } from "../base/compiled-entry.js";
import { createAesSealer } from "./aes-sealer.js";
import { createKeyCache } from "./key-cache.js";
import { StorageError } from "./storage-error.js";

let root = "";
let place: { dataDir: string; kekFile: string };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "voxtree-sealer-"));
  place = { dataDir: join(root, "data"), kekFile: join(root, "secrets", "kek") };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const bytes = (text: string): Buffer => Buffer.from(text, "utf8");
const context = bytes("test");
function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof StorageError) return error.code;
    throw error;
  }
  return "no error";
}
const keyFiles = (): string[] =>
  readdirSync(join(place.dataDir, "keys"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".key"))
    .map((name) => join(place.dataDir, "keys", name));

describe("AES sealer", () => {
  it("opens what it sealed, for any bytes, and with a second sealer on the same files", () => {
    const sealer = createAesSealer(place);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 30 }),
        fc.constantFrom("a", "b", "+49 30 1234"),
        (plain, where, userId) => {
          const sealed = sealer.seal(userId, plain, where);
          expect(sealed.length).toBe(plain.length + sealer.overheadBytes);
          expect(sealer.open(userId, sealed, where)).toEqual(Buffer.from(plain));
        },
      ),
    );
    const sealed = sealer.seal("a", bytes("hello"), context);
    expect(createAesSealer(place).open("a", sealed, context)).toEqual(bytes("hello"));
  });

  it("finds every flipped bit, every cut, another context and another user", () => {
    const sealer = createAesSealer(place);
    const sealed = sealer.seal("a", bytes("personal"), context);
    sealer.seal("b", bytes("x"), context);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = Uint8Array.from(sealed);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(codeOf(() => sealer.open("a", flipped, context))).toBe("SEAL_BROKEN");
    }
    for (let cut = 0; cut < sealed.length; cut += 1) {
      expect(codeOf(() => sealer.open("a", sealed.subarray(0, cut), context))).toBe("SEAL_BROKEN");
    }
    expect(codeOf(() => sealer.open("a", sealed, bytes("tesu")))).toBe("SEAL_BROKEN");
    expect(codeOf(() => sealer.open("b", sealed, context))).toBe("SEAL_BROKEN");
    expect(codeOf(() => sealer.open("c", sealed, context))).toBe("KEY_MISSING");
    expect(codeOf(() => sealer.open("", sealed, context))).toBe("ID_INVALID");
  });

  it("never seals the same bytes to the same bytes", () => {
    const sealer = createAesSealer(place);
    const seals = Array.from({ length: 50 }, () =>
      Buffer.from(sealer.seal("a", bytes("x"), context)).toString("hex"),
    );
    expect(new Set(seals).size).toBe(50);
  });

  it("forgets a user at once in every sealer that had the key in memory", () => {
    const [here, there] = [createAesSealer(place), createAesSealer(place)];
    const sealed = here.seal("a", bytes("secret"), context);
    const kept = here.seal("b", bytes("kept"), context);
    expect(there.open("a", sealed, context)).toEqual(bytes("secret"));
    const [file] = keyFiles().filter((path) => path.includes(here.blindIndex("user", "a")));
    here.forget("a");
    here.forget("a");
    here.forget("never seen");
    for (const sealer of [here, there, createAesSealer(place)]) {
      expect(codeOf(() => sealer.open("a", sealed, context))).toBe("KEY_MISSING");
      expect(sealer.has("a")).toBe(false);
      expect(sealer.open("b", kept, context)).toEqual(bytes("kept"));
    }
    expect(existsSync(file!)).toBe(false);
    there.seal("a", bytes("a new beginning"), context);
    expect(codeOf(() => here.open("a", sealed, context))).toBe("SEAL_BROKEN");
  });

  it("makes the key-encryption key once, for its owner only, and leaves no temporary file", () => {
    createAesSealer(place).seal("a", bytes("x"), context);
    const status = statSync(place.kekFile);
    expect([status.size, status.mode & 0o777]).toEqual([32, 0o600]);
    const kek = readFileSync(place.kekFile);
    createAesSealer(place);
    expect(readFileSync(place.kekFile)).toEqual(kek);
    const names = readdirSync(root, { recursive: true, encoding: "utf8" });
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(statSync(keyFiles()[0]!).mode & 0o777).toBe(0o600);
    expect(statSync(join(place.dataDir, "keys")).mode & 0o777).toBe(0o700);
  });

  it("refuses a key file that others may read or that has another size, and says what is right", () => {
    createAesSealer(place);
    for (const mode of [0o640, 0o604, 0o620, 0o666]) {
      chmodSync(place.kekFile, mode);
      expect(() => createAesSealer(place)).toThrow(/mode 06.*chmod 600/);
    }
    chmodSync(place.kekFile, 0o400);
    expect(codeOf(() => createAesSealer(place))).toBe("no error");
    chmodSync(place.kekFile, 0o600);
    for (const size of [0, 31, 33, 64]) {
      truncateSync(place.kekFile, size);
      expect(() => createAesSealer(place)).toThrow(new RegExp(`has ${size} bytes.*exactly 32`));
    }
    rmSync(place.kekFile);
    expect(codeOf(() => createAesSealer({ ...place, kekFile: root }))).toBe("KEY_FILE_INVALID");
  });

  it("tells a wrong or lost key-encryption key before it touches the data", () => {
    createAesSealer(place).seal("a", bytes("x"), context);
    renameSync(place.kekFile, `${place.kekFile}.away`);
    expect(() => createAesSealer(place)).toThrow(/missing.*put it back/);
    expect(existsSync(place.kekFile)).toBe(false);
    writeFileSync(place.kekFile, Buffer.alloc(32, 7), { mode: 0o600 });
    expect(codeOf(() => createAesSealer(place))).toBe("KEY_WRONG");
    expect(keyFiles()).toHaveLength(1);
    renameSync(`${place.kekFile}.away`, place.kekFile);
    expect(codeOf(() => createAesSealer(place))).toBe("no error");
  });

  it("finds an altered, cut or exchanged user key", () => {
    const sealer = createAesSealer(place);
    const sealed = sealer.seal("a", bytes("x"), context);
    sealer.seal("b", bytes("x"), context);
    const path = keyFiles().find((name) => name.includes(sealer.blindIndex("user", "a")))!;
    const other = keyFiles().find((name) => name !== path)!;
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 1) {
      const altered = Buffer.from(whole);
      altered[at]! ^= 0x10;
      writeFileSync(path, altered);
      expect(codeOf(() => createAesSealer(place).open("a", sealed, context))).toBe("KEY_WRONG");
    }
    writeFileSync(path, whole.subarray(0, 63));
    expect(codeOf(() => createAesSealer(place).open("a", sealed, context))).toBe("KEY_WRONG");
    writeFileSync(path, readFileSync(other));
    expect(codeOf(() => createAesSealer(place).open("a", sealed, context))).toBe("KEY_WRONG");
    writeFileSync(path, whole);
    expect(sealer.open("a", sealed, context)).toEqual(bytes("x"));
  });

  it("works with any number of users while it holds the keys of few", () => {
    const sealer = createAesSealer({ ...place, usersMax: 2 });
    const sealed = ["a", "b", "c", "d"].map((id) => sealer.seal(id, bytes(id), context));
    for (let round = 0; round < 2; round += 1) {
      ["a", "b", "c", "d"].forEach((id, at) =>
        expect(sealer.open(id, sealed[at]!, context)).toEqual(bytes(id)),
      );
    }
    sealer.dropCache();
    expect(sealer.open("a", sealed[0]!, context)).toEqual(bytes("a"));
  });

  it("overwrites a key that leaves its memory", () => {
    const cache = createKeyCache(2);
    const keys = [1, 2, 3].map((fill) => ({ key: Buffer.alloc(32, fill), ino: fill, ctimeMs: 0 }));
    cache.keep("1", keys[0]!);
    cache.keep("2", keys[1]!);
    cache.keep("1", keys[0]!);
    cache.keep("3", keys[2]!);
    expect([cache.size, cache.get("2"), keys[1]!.key.every((byte) => byte === 0)]).toEqual([
      2,
      undefined,
      true,
    ]);
    expect(keys[0]!.key[0]).toBe(1);
  });
});

/** Seals for 40 users, in the same order in every thread and process; prints id and seal as hex. */
const racer = `
  const { createAesSealer } = await import(${JSON.stringify(compiledEntry("storage/aes-sealer.js"))});
  const sealer = createAesSealer(PLACE);
  const seals = [];
  for (let user = 0; user < 40; user += 1) {
    const sealed = sealer.seal("user-" + user, Buffer.from("from " + user), Buffer.from("race"));
    seals.push(Buffer.from(sealed).toString("hex"));
  }
`;

describe("several creators at once", () => {
  const check = (results: readonly (readonly string[])[]): void => {
    const sealer = createAesSealer(place);
    for (const seals of results) {
      seals.forEach((hex, user) => {
        const opened = sealer.open(`user-${user}`, Buffer.from(hex, "hex"), bytes("race"));
        expect(Buffer.from(opened).toString()).toBe(`from ${user}`);
      });
    }
    expect(keyFiles()).toHaveLength(40);
  };

  it("processes that start on an empty directory agree on every key", async () => {
    const code = `${racer.replace("PLACE", JSON.stringify(place))}; console.log(seals.join(","));`;
    const run = (): Promise<string[]> =>
      new Promise((resolve, reject) => {
        const args = ["--input-type=module", "--eval", code];
        execFile(process.execPath, args, (error, stdout, stderr) =>
          error === null ? resolve(stdout.trim().split(",")) : reject(new Error(stderr)),
        );
      });
    check(await Promise.all([run(), run(), run(), run()]));
  });

  it("threads that start on an empty directory agree on every key", async () => {
    const code = `(async () => { ${racer.replace("PLACE", JSON.stringify(place))}
      require("node:worker_threads").parentPort.postMessage(seals); })();`;
    const run = (): Promise<string[]> =>
      new Promise((resolve, reject) => {
        const worker = new Worker(code, { eval: true });
        worker.once("message", resolve);
        worker.once("error", reject);
      });
    check(await Promise.all([run(), run(), run(), run()]));
  });
});
