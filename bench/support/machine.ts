/** Where a figure was measured. */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

export type Machine = {
  readonly machine: string;
  readonly node: string;
  readonly commit: string;
  readonly at: string;
};

export function machine(): Machine {
  const [first] = cpus();
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  return {
    machine: `${cpus().length} × ${first?.model.trim() ?? "unknown CPU"}, ${memoryGib} GiB`,
    node: process.version,
    commit: commit(),
    at: new Date().toISOString(),
  };
}

/** Short hash of the checkout, `+` when it has changes; `unknown` outside of one. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const isDirty = git("status", "--porcelain", "--untracked-files=no") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${isDirty ? "+" : ""}`;
  } catch {
    return "unknown"; // not a checkout, or no git
  }
}
