import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { Arrivals } from "./arrivals.js";

function rig() {
  const time = virtualTime();
  const done: string[] = [];
  const arrivals = new Arrivals(time);
  const add = (name: string): void =>
    arrivals.add(name, () => {
      done.push(name);
      time.soon(() => done.push("frames"));
    });
  const begun = (): string[] => done.filter((what) => what !== "frames");
  return { time, arrivals, done, begun, add };
}

test("calls that come all at once begin one by one, in order, with a turn of the loop between", () => {
  const { time, done, add } = rig();
  for (const name of ["a", "b", "c"]) add(name);
  expect(done).toEqual(["a"]);
  time.settle();
  expect(done).toEqual(["a", "frames", "b", "frames", "c", "frames"]);
  add("d");
  expect(done.at(-1)).toBe("d");
});

test("who hears nothing, or will be the next to, begins first; who nothing is known of, last", () => {
  const { time, arrivals, begun, add } = rig();
  arrivals.willBeSilent("d", 70);
  for (const name of ["a", "b", "c", "d", "e"]) add(name);
  arrivals.willBeSilent("c", 900);
  arrivals.willBeSilent("e", 10);
  time.settle();
  expect(begun()).toEqual(["a", "e", "d", "c", "b"]);
});

test("what was known of one that never came is forgotten when all have begun", () => {
  const { time, arrivals, begun, add } = rig();
  arrivals.willBeSilent("late", 5);
  for (const name of ["a", "b"]) add(name);
  time.settle();
  for (const name of ["c", "d", "late"]) add(name);
  time.settle();
  expect(begun()).toEqual(["a", "b", "c", "d", "late"]);
});
