/** CPU of the process under test, of the generator and of strangers, window by window. */
import { coresBetween, machineCpuSeconds, usageOf, type ProcessUsage } from "./process-usage.js";

export type CpuWindow = {
  readonly cores: number;
  readonly generatorCores: number;
  /** Of whatever else ran on the machine, and has nothing to do with the bench. */
  readonly otherCores: number;
};

/** Waits for `seconds` in all, and reads the accounting `repeats` times. */
export async function measureCpu(
  { seconds, repeats }: { readonly seconds: number; readonly repeats: number },
  pid: number,
  generatorPid: number,
): Promise<CpuWindow[]> {
  const windows: CpuWindow[] = [];
  let before = readAll(pid, generatorPid);
  for (let count = 0; count < repeats; count += 1) {
    await sleep((seconds * 1000) / repeats);
    const after = readAll(pid, generatorPid);
    const [own, all] = [coresBetween(before.own, after.own), coresBetween(before.all, after.all)];
    windows.push({
      cores: coresBetween(before.engine, after.engine),
      generatorCores: coresBetween(before.generator, after.generator),
      otherCores: Math.max(0, all - own),
    });
    before = after;
  }
  return windows;
}

type Readings = Readonly<Record<"engine" | "generator" | "own" | "all", ProcessUsage>>;

/** The bench and all its processes are its own. */
function readAll(pid: number, generatorPid: number): Readings {
  const own = usageOf(process.pid);
  const all = { ...own, cpuSeconds: machineCpuSeconds() };
  return { engine: usageOf(pid), generator: usageOf(generatorPid), own, all };
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
