/**
 * Runs in a thread of the engine, in front of its real entry, and makes it fail when told to. The
 * product knows nothing of it: only the engine of the chaos bench starts its threads this way, and
 * tells them by a channel of its own.
 */
import { BroadcastChannel, parentPort } from "node:worker_threads";
import { chaosChannel, isShard, type ChaosCommand } from "./messages.js";

/** A poisonous call takes its shard down so long after it came. */
const poisonMs = 200;

const callsHere = new Set<string>();
let poison: string | undefined;

type ShardCommand = {
  readonly kind: "startCall" | "adoptCall";
  readonly spec: { readonly callId: string };
};

/** @param name of this thread */
export function listen(name: string): void {
  const channel = new BroadcastChannel(chaosChannel);
  channel.onmessage = (event) => {
    const command = (event as { readonly data: ChaosCommand }).data;
    if (command.to === name) fail(command);
  };
  channel.unref();
  // Other threads are told something before their entry listens: it must not be taken from them.
  if (!isShard(name)) return;
  parentPort?.on("message", (message: ShardCommand | { readonly kind: "other" }) => {
    if (message.kind !== "startCall" && message.kind !== "adoptCall") return;
    callsHere.add(message.spec.callId);
    if (message.spec.callId === poison) failSoon();
  });
}

function fail(command: ChaosCommand): void {
  switch (command.what) {
    case "block":
      return command.forMs === undefined ? blockForEver() : sleepWhole(command.forMs);
    case "heap":
      return exhaustHeap();
    case "reject":
      return void Promise.reject(new Error("chaos: nobody handles this"));
    case "poison":
      poison = command.callId;
      if (callsHere.has(poison)) failSoon();
  }
}

function blockForEver(): void {
  for (;;) Math.sqrt(2);
}

/** The whole thread sleeps, without using the CPU: a disk that does not answer. */
function sleepWhole(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function exhaustHeap(): void {
  const held: number[][] = [];
  for (;;) held.push(new Array<number>(100_000).fill(held.length + 0.5));
}

function failSoon(): void {
  setTimeout(() => {
    throw new Error("chaos: a poisonous call");
  }, poisonMs);
}
