import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compiledEntry } from "../base/compiled-entry.js";
import { lockDataDir } from "./data-lock.js";

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "voxtree-lock-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A process that takes the directory and keeps it until it is killed. */
async function holder(dataDir: string) {
  const entry = JSON.stringify(compiledEntry("storage/data-lock.js").href);
  const source = `
    import { lockDataDir } from ${entry};
    lockDataDir(process.argv[1], 1_700_000_000_000);
    console.log("locked");
    setInterval(() => undefined, 1000);`;
  const args = ["--no-warnings", "--input-type=module", "-e", source, dataDir];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  return {
    pid: child.pid!,
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

test("a second engine is told who has the directory, by whatever name it comes; a dead one has nothing", async () => {
  const dataDir = join(folder, "data");
  const other = await holder(dataDir);
  symlinkSync(dataDir, join(folder, "link"));
  for (const name of [dataDir, relative(process.cwd(), dataDir), join(folder, "link")]) {
    expect(() => lockDataDir(name, 0)).toThrow(
      expect.objectContaining({
        code: "DATA_IN_USE",
        message: expect.stringMatching(
          new RegExp(`process ${other.pid} on .+, since 2023-11-14`),
        ) as string,
      }),
    );
  }
  await other.kill();
  const mine = lockDataDir(dataDir, 0);
  // Its own pid means nothing either: another engine in this process is another engine.
  expect(() => lockDataDir(dataDir, 0)).toThrow(`process ${process.pid}`);
  mine.release();
  mine.release();
  lockDataDir(dataDir, 0).release();
});

test("what is written about the holder is for people only", () => {
  const mine = lockDataDir(folder, 0);
  for (const text of ["", "{", '{"pid":"1"}', '{"pid":1,"host":"h","since":"s"}']) {
    writeFileSync(join(folder, "engine.holder.json"), text);
    expect(() => lockDataDir(folder, 0)).toThrow("is in use by another engine");
  }
  mine.release();
  // The holder of before is dead, whatever the file says.
  lockDataDir(folder, 0).release();
});

test("a directory that cannot be locked says why", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => lockDataDir(join(folder, "file", "data"), 0)).toThrow(
    expect.objectContaining({ code: "DATA_UNLOCKABLE" }),
  );
});
