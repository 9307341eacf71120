import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { Arrivals } from "./arrivals.js";

test("calls that come all at once begin one by one, in order, with a turn of the loop between", () => {
  const time = virtualTime();
  const done: string[] = [];
  const arrivals = new Arrivals(time);
  for (const name of ["a", "b", "c"]) {
    arrivals.add(() => {
      done.push(name);
      time.soon(() => done.push("frames"));
    });
  }
  expect(done).toEqual(["a"]);
  time.settle();
  expect(done).toEqual(["a", "frames", "b", "frames", "c", "frames"]);
  arrivals.add(() => done.push("d"));
  expect(done.at(-1)).toBe("d");
});
