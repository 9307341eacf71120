/** CPU of the process under test and of the generator, window by window. */
import { coresBetween, usageOf } from "./process-usage.js";

export type CpuWindow = { readonly cores: number; readonly generatorCores: number };

/** Waits for `seconds` in all, and reads the accounting `repeats` times. */
export async function measureCpu(
  { seconds, repeats }: { readonly seconds: number; readonly repeats: number },
  pid: number,
  generatorPid: number,
): Promise<CpuWindow[]> {
  const windows: CpuWindow[] = [];
  let before = [usageOf(pid), usageOf(generatorPid)] as const;
  for (let count = 0; count < repeats; count += 1) {
    await sleep((seconds * 1000) / repeats);
    const after = [usageOf(pid), usageOf(generatorPid)] as const;
    const cores = coresBetween(before[0], after[0]);
    windows.push({ cores, generatorCores: coresBetween(before[1], after[1]) });
    before = after;
  }
  return windows;
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
