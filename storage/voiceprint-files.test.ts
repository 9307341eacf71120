import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAesSealer } from "./aes-sealer.js";
import { voiceprintFiles } from "./voiceprint-files.js";

let dataDir = "";
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), "voxtree-voiceprints-"))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const template = Buffer.from("a template of numbers that are somebody");
const open = () => {
  const sealer = createAesSealer({ dataDir, kekFile: join(dataDir, "kek") });
  return { sealer, files: voiceprintFiles(dataDir, sealer) };
};

/** Names and bytes of all that lies there. */
function lies(): string {
  const folder = join(dataDir, "voiceprints");
  const names = readdirSync(folder);
  return names.map((name) => name + readFileSync(join(folder, name)).toString("latin1")).join("");
}

test("a template outlives the process, and can be replaced", () => {
  open().files.put("user-1", template);
  expect(Buffer.from(open().files.get("user-1")!)).toEqual(template);
  open().files.put("user-1", Buffer.from("another"));
  expect(Buffer.from(open().files.get("user-1")!).toString()).toBe("another");
  expect(open().files.get("user-2")).toBeUndefined();
});

test("neither the person nor the voice can be read from the disk", () => {
  open().files.put("user-1", template);
  expect(lies()).not.toMatch(/user-1|template|somebody/);
});

test("one that was altered, or belongs to somebody else, does not open", () => {
  const { files } = open();
  files.put("user-1", template);
  files.put("user-2", template);
  const folder = join(dataDir, "voiceprints");
  const [one, other] = readdirSync(folder);
  writeFileSync(join(folder, one!), readFileSync(join(folder, other!)));
  const read = ["user-1", "user-2"].map((user) => {
    try {
      return files.get(user) === undefined ? "none" : "fine";
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
  expect(read.sort()).toEqual(["SEAL_BROKEN", "fine"]);
});

test("it goes when it is removed, and when its person is forgotten", () => {
  const { files, sealer } = open();
  files.put("user-1", template);
  files.put("user-2", template);
  expect([files.remove("user-1"), files.remove("user-1")]).toEqual([true, false]);
  expect(files.get("user-1")).toBeUndefined();
  sealer.forget("user-2");
  expect(files.get("user-2")).toBeUndefined();
});
