import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ErrorData } from "../../base/errors.js";
import { openDiskPrompts } from "./disk-prompts.js";

let folder: string;
let errors: ErrorData[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "voxtree-prompts-"));
  errors = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (bytesMax = 10_000, at = folder) =>
  openDiskPrompts({ folder: at, bytesMax, failed: (error) => errors.push(error) });
const key = (letter: string): string => letter.repeat(64);
const audio = new Uint8Array(1000).map((_, i) => i);
/** With its checksum. */
const fileBytes = 1036;

it("gives to the next process what one has kept, in shared memory", async () => {
  await (await open()).put(key("a"), audio);
  const found = await (await open()).get(key("a"));
  expect(found).toEqual(audio);
  expect(found!.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(await (await open()).get(key("b"))).toBeUndefined();
});

it.each([
  ["cut in the middle", (bytes: Buffer) => bytes.subarray(0, 500)],
  ["empty", () => Buffer.alloc(0)],
  [
    "changed in one bit",
    (bytes: Buffer) => Buffer.from(bytes.map((b, i) => (i === 700 ? b ^ 1 : b))),
  ],
  ["something else", () => Buffer.from("not ours")],
])("gives nothing of a file that is %s, and removes it", async (_, damage) => {
  await (await open()).put(key("a"), audio);
  const path = join(folder, key("a"));
  writeFileSync(path, damage(readFileSync(path)));
  const disk = await open();
  expect(await disk.get(key("a"))).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
  await disk.put(key("a"), audio);
  expect(await disk.get(key("a"))).toEqual(audio);
  expect(errors).toEqual([]);
});

it("never holds more than its bound: what was used longest ago leaves, also after a start", async () => {
  const disk = await open(3 * fileBytes);
  for (const letter of ["a", "b", "c"]) await disk.put(key(letter), audio);
  await disk.get(key("a"));
  await disk.put(key("d"), audio);
  expect(readdirSync(folder).sort()).toEqual(["a", "c", "d"].map(key));
  ["d", "a", "c"].forEach((letter, age) => utimesSync(join(folder, key(letter)), age, age));
  await open(2 * fileBytes);
  expect(readdirSync(folder).sort()).toEqual(["a", "c"].map(key));
});

it("removes what a process that died had half written, and leaves strangers alone", async () => {
  writeFileSync(join(folder, `${key("a")}.12345678.part`), "half");
  writeFileSync(join(folder, "README"), "mine");
  await open();
  expect(readdirSync(folder)).toEqual(["README"]);
});

it("holds nothing, and says why once, where it cannot write", async () => {
  const path = join(folder, "file");
  writeFileSync(path, "");
  const disk = await open(10_000, path);
  await disk.put(key("a"), audio);
  await disk.put(key("b"), audio);
  expect(await disk.get(key("a"))).toBeUndefined();
  expect(errors).toHaveLength(1);
});
