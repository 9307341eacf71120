/**
 * CPU and memory of a process and all its children, from the accounting of the system (Linux).
 * Children that have ended meanwhile are counted by their parent.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Linux counts process times in hundredths of a second. */
const ticksPerSecond = 100;
const pageBytes = 4096;
const mib = 2 ** 20;

export type ProcessUsage = {
  /** Of all its threads and children, user and system. */
  readonly cpuSeconds: number;
  readonly rssMb: number;
  /** Monotonic, when it was read. */
  readonly atMs: number;
};

/** Zero where there is no /proc, or when the process is gone. */
export function usageOf(pid: number): ProcessUsage {
  const atMs = performance.now();
  let cpuSeconds = 0;
  let rssMb = 0;
  for (const one of treeOf(pid)) {
    const fields = statFields(one);
    if (fields === undefined) continue;
    // utime, stime, and those of children it has waited for: proc(5), fields 14 to 17.
    for (const field of [11, 12, 13, 14]) cpuSeconds += Number(fields[field]) / ticksPerSecond;
    rssMb += (Number(fields[21]) * pageBytes) / mib;
  }
  return { cpuSeconds, rssMb, atMs };
}

/** CPU seconds that all processes of the machine have had; zero where there is no /proc. */
export function machineCpuSeconds(): number {
  try {
    const [total = ""] = readFileSync("/proc/stat", "utf8").split("\n");
    // user, nice, system, then idle and waiting, then interrupts: proc(5), /proc/stat.
    const fields = total.split(/\s+/).slice(1).map(Number);
    return [0, 1, 2, 5, 6].reduce((sum, at) => sum + (fields[at] ?? 0), 0) / ticksPerSecond;
  } catch {
    return 0; // no /proc on this system
  }
}

/** Cores kept busy between two readings. */
export function coresBetween(before: ProcessUsage, after: ProcessUsage): number {
  return ((after.cpuSeconds - before.cpuSeconds) * 1000) / (after.atMs - before.atMs);
}

/** The process and everything below it. */
function treeOf(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of namesIn("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)?.[1]);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(childrenOf.get(pid) ?? []));
  return tree;
}

/** The fields of `/proc/PID/stat` behind the name, which may hold anything: state is number 0. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined; // ended meanwhile, or no /proc on this system
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
