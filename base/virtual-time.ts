/**
 * Time that stands still until told to move: a heap of callbacks, run in order of their due time
 * and, at one instant, in order of arrival. Tests and the simulation use it for `Time`.
 */
import type { Time, Timer } from "./ports.js";

type Entry = { readonly dueMs: number; readonly order: number; run: (() => void) | undefined };

export type VirtualTime = Time & {
  /** Moves to `nowMs + durationMs`, running everything that falls due on the way. */
  advance(durationMs: number): void;
  /** Runs what is due now, nothing later. */
  settle(): void;
  /** Moves on to what is due next and runs it; false when that is after `untilMs`. */
  runNext(untilMs: number): boolean;
  /** Callbacks waiting. */
  readonly pendingCount: number;
};

/** @param startEpochMs wall time at the virtual start */
export function virtualTime(startEpochMs = 1_700_000_000_000): VirtualTime {
  const heap: Entry[] = [];
  let nowMs = 0;
  let order = 0;
  const schedule = (delayMs: number, run: () => void): Entry => {
    const entry: Entry = { dueMs: nowMs + Math.max(0, delayMs), order: order++, run };
    push(heap, entry);
    return entry;
  };
  const runNext = (untilMs: number): boolean => {
    const next = heap[0];
    if (next === undefined || next.dueMs > untilMs) return false;
    pop(heap);
    nowMs = Math.max(nowMs, next.dueMs);
    next.run?.();
    return true;
  };
  const runUntil = (endMs: number): void => {
    while (runNext(endMs));
    nowMs = Math.max(nowMs, endMs);
  };
  return {
    nowMs: () => nowMs,
    epochMs: () => startEpochMs + nowMs,
    after(delayMs, run): Timer {
      const entry = schedule(delayMs, run);
      return { cancel: () => (entry.run = undefined) };
    },
    soon: (run) => void schedule(0, run),
    advance: (durationMs) => runUntil(nowMs + durationMs),
    settle: () => runUntil(nowMs),
    runNext,
    get pendingCount() {
      return heap.filter((entry) => entry.run !== undefined).length;
    },
  };
}

function before(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  heap.push(entry);
  let index = heap.length - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!before(heap[index]!, heap[parent]!)) return;
    [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
    index = parent;
  }
}

function pop(heap: Entry[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  heap[0] = last;
  let index = 0;
  for (;;) {
    let least = index;
    for (const child of [2 * index + 1, 2 * index + 2]) {
      if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
    }
    if (least === index) return;
    [heap[index], heap[least]] = [heap[least]!, heap[index]!];
    index = least;
  }
}
