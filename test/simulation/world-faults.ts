/** What goes wrong with a whole world: its threads, their ways, the store, the clocks. */
import type { Fault } from "./fault-plan.js";
import type { StoreMood } from "./sim-disk.js";
import type { SimThread } from "./sim-threads.js";
import type { World } from "./world.js";

/** How long a way stays slow. */
const slowForMs = 2000;
const beatMs = 50;
/** A loop that is blocked for longer is ended by the watchdog … */
const watchdogMs = 1000;
/** … by then, though the node itself had a stall and its ways were slow. */
const endedMsMax = 3500;

export function strikeWorld(world: World, fault: Fault): void {
  const { site, role = "", durationMs, count } = fault;
  const { engine, disk, loop } = world;
  const thread = engine.host.threads.get(role);
  const time = role === "node" ? engine.time : thread?.time;
  const later = (delayMs: number, run: () => void): void => void loop.world.after(delayMs, run);
  if (site !== "clockJump") world.troubled(durationMs);
  switch (site) {
    case "threadStall":
      time?.stall(durationMs);
      if (world.sabotage === "watchdog-blind") moveBeat(world, thread, durationMs);
      if (thread?.beat === undefined || durationMs <= endedMsMax) return;
      return later(endedMsMax, () => {
        if (!thread.isAlive || engine.isStopping) return;
        world.violations.add(-1, "watchdog", `${role} is blocked for ${endedMsMax} ms and lives`);
      });
    case "threadLost":
      return thread?.lose("simulated: the thread is lost");
    case "allShardsLost":
      for (const [name, one] of engine.host.threads) {
        if (name === "shard-0") one.lose("simulated: all are lost");
        else if (name === "shard-1") later(durationMs, () => one.lose("simulated"));
      }
      return;
    case "startFails":
      engine.failStarts(count);
      return thread?.lose("simulated: lost, and the next does not start");
    case "slowWay":
      world.slowWays.set(thread?.name ?? role, {
        untilMs: loop.world.nowMs() + slowForMs,
        extraMs: durationMs,
      });
      return;
    case "storeMood":
      disk.turn(fault.mode as StoreMood);
      return later(durationMs, () => disk.turn("well"));
    case "processLost":
      return world.loseProcess(durationMs);
    case "clockJump":
      return time?.jumpEpoch(durationMs);
    default:
      return;
  }
}

/** A broken build: somebody else moves the counter of a blocked thread. */
function moveBeat({ loop }: World, thread: SimThread | undefined, durationMs: number): void {
  const beat = thread?.beat;
  if (beat === undefined || durationMs < watchdogMs) return;
  for (let atMs = 0; atMs < durationMs; atMs += beatMs) {
    loop.world.after(atMs, () => void Atomics.add(beat, 0, 1));
  }
}
