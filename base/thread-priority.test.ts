import { execFileSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { getPriority } from "node:os";
import { expect, test } from "vitest";
import { compiledEntry } from "./compiled-entry.js";
import { stepBack } from "./thread-priority.js";

test.runIf(process.platform === "linux")("a thread that steps back returns", () => {
  const id = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  const before = getPriority(id);
  const undo = stepBack();
  expect(getPriority(id)).toBeGreaterThanOrEqual(before);
  undo();
  expect(getPriority(id)).toBe(before);
});

test.runIf(process.platform === "linux")("helpers yield, the thread itself does not", () => {
  const script = `
    import { readdirSync } from "node:fs";
    import { getPriority } from "node:os";
    import { helpersYield } from ${JSON.stringify(compiledEntry("base/thread-priority.js"))};
    const before = getPriority(process.pid);
    helpersYield();
    const others = readdirSync("/proc/self/task").map(Number).filter((id) => id !== process.pid);
    const isBehind = others.every((id) => getPriority(id) >= Math.max(before, 5));
    console.log(others.length > 0 && isBehind && getPriority(process.pid) === before);`;
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", script]);
  expect(said.toString().trim()).toBe("true");
});
