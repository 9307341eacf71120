/** The floor of a run: the same generator, as many connections, a server that only echoes. */
import type { TransportName } from "../../config/schema.js";
import type { LoadProcess } from "../load/load-process.js";
import type { Clip, LoadReport } from "../load/messages.js";
import { Child } from "../support/child.js";
import { measureCpu, sleep, type CpuWindow } from "../support/cpu-windows.js";
import { usageOf } from "../support/process-usage.js";
import type { FloorAsks } from "./floor-main.js";

export type FloorPlan = {
  readonly calls: number;
  readonly seconds: number;
  readonly repeats: number;
  readonly warmUpSeconds: number;
  /** Frames sent back of those received: as many as the engine would send. */
  readonly echoShare: number;
  readonly transport: TransportName;
  readonly clips: readonly Clip[];
  readonly progress: (text: string) => void;
};

export type FloorRun = {
  /** Connections it had. */
  readonly calls: number;
  /** The driver that was chosen. */
  readonly transport: string;
  readonly windows: readonly CpuWindow[];
  readonly load: LoadReport;
  readonly rssPerCallMb: number;
};

const callsPerSecond = 500;

export async function runFloor(plan: FloorPlan, load: LoadProcess): Promise<FloorRun> {
  const { calls, seconds, clips, progress } = plan;
  const server = new Child<FloorAsks, never>("bench/floor/floor-main.js", () => undefined);
  try {
    await load.prepare({ line: "echo", caller: "stream", clips });
    const echoShare = Math.min(1, plan.echoShare);
    const listening = await server.ask("listen", { echoShare, transport: plan.transport });
    const { port, transport } = listening;
    const idle = usageOf(server.pid);
    progress(`floor: ${calls} connections for ${seconds} s`);
    const url = `ws://127.0.0.1:${port}`;
    for (let index = 0; index < calls; index += 1) {
      await load.dial({ callId: `floor-${index}`, token: "", url });
      if (index % 10 === 9) await sleep((10 * 1000) / callsPerSecond);
    }
    await load.settled(calls);
    await sleep(plan.warmUpSeconds * 1000);
    await load.begin();
    const windows = await measureCpu(plan, server.pid, load.pid);
    const report = await load.report();
    const rssPerCallMb = (usageOf(server.pid).rssMb - idle.rssMb) / calls;
    await load.hangUp();
    return { calls, windows, load: report, rssPerCallMb, transport };
  } finally {
    await server.stop();
  }
}
