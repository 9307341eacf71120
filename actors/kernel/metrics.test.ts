import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import {
  createActorSystem,
  createSchedulerDispatcher,
  DeadLetterCounter,
  type Behavior,
  type Context,
} from "./index.js";

type Any = { readonly kind: "audio" | "text" | "intent"; readonly n: number };

const laned: Behavior<null, Any> = {
  start: () => null,
  receive: () => undefined,
  laneOf: ({ kind }) => (kind === "audio" ? "audio" : kind === "text" ? "transcripts" : "intents"),
  bytesOf: ({ n }) => n,
  coalesce: (older, newer) => ({ kind: "text", n: older.n + newer.n }),
  limits: {
    audio: { policy: "dropOldest", countMax: 2, bytesMax: 100 },
    intents: { policy: "reject", countMax: 1, bytesMax: 100 },
    transcripts: { policy: "coalesce", countMax: 1, bytesMax: 10 },
  },
};

function rig() {
  const time = virtualTime();
  const letters = new DeadLetterCounter();
  const system = createActorSystem({
    name: "t",
    dispatcher: createSchedulerDispatcher(time),
    time,
    deadLetters: letters.take,
    onFailure: () => undefined,
  });
  return { time, letters, system };
}

/** Time goes on while nobody gets a turn. */
function blockedRig() {
  const made = rig();
  let nowMs = 0;
  const system = createActorSystem({
    name: "t",
    dispatcher: createSchedulerDispatcher(made.time),
    time: { ...made.time, nowMs: () => nowMs },
    deadLetters: made.letters.take,
    onFailure: () => undefined,
  });
  return { ...made, system, wait: (ms: number) => void (nowMs += ms) };
}

test("a lane tells its depth, bytes, the age of its oldest, and every loss", () => {
  const { system, time, wait } = blockedRig();
  const ref = system.spawn("a", laned);
  ref.tell({ kind: "audio", n: 1 });
  wait(10);
  ref.tell({ kind: "audio", n: 2 });
  wait(10);
  ref.tell({ kind: "audio", n: 3 });
  ref.tell({ kind: "intent", n: 4 });
  ref.tell({ kind: "intent", n: 5 });
  ref.tell({ kind: "text", n: 6 });
  wait(5);
  ref.tell({ kind: "text", n: 1 });
  const lost = { refused: 0, dropped: 0, merged: 0 };
  expect(system.actorMetrics()).toEqual([
    {
      path: "/t/a",
      incarnation: 1,
      handled: 0,
      lanes: {
        intents: { depth: 1, bytes: 4, oldestAgeMs: 5, ...lost, refused: 1 },
        transcripts: { depth: 1, bytes: 7, oldestAgeMs: 5, ...lost, merged: 1 },
        audio: { depth: 2, bytes: 5, oldestAgeMs: 15, ...lost, dropped: 1 },
      },
    },
  ]);
  time.settle();
  const after = system.actorMetrics()[0]!;
  expect(after.handled).toBe(4);
  expect(after.lanes.audio).toEqual({ depth: 0, bytes: 0, oldestAgeMs: 0, ...lost, dropped: 1 });
});

test("a merge that would break the byte bound is refused instead", () => {
  const { system, letters } = rig();
  const ref = system.spawn("a", laned);
  expect(ref.tell({ kind: "text", n: 6 })).toBe("delivered");
  expect(ref.tell({ kind: "text", n: 5 })).toBe("refused");
  expect(letters.counts.full).toBe(1);
  expect(system.metrics().lanes.transcripts).toMatchObject({ bytes: 6, refused: 1, merged: 0 });
});

test("the system adds everybody up, and keeps what those who ended had counted", () => {
  const { system, time } = rig();
  let parent!: Context<Any>;
  system.spawn<null, Any>("p", {
    ...laned,
    start(ctx) {
      parent = ctx;
      return null;
    },
  });
  const refs = [parent.spawn("a", laned), parent.spawn("b", laned)];
  for (const ref of refs) for (let n = 0; n < 5; n += 1) ref.tell({ kind: "audio", n });
  expect(system.metrics()).toMatchObject({ actors: 3, lanes: { audio: { depth: 4, dropped: 6 } } });
  time.settle();
  parent.stopChild(refs[0]!);
  expect(system.metrics()).toMatchObject({
    actors: 2,
    handled: 4,
    lanes: { audio: { depth: 0, bytes: 0, dropped: 6 } },
  });
});
