import { expect, test } from "vitest";
import { UndoList } from "./undo-list.js";

test("what was started is undone backwards, once, whatever fails on the way", async () => {
  const done: string[] = [];
  const failed: string[] = [];
  const list = new UndoList();
  list.add("store", () => void done.push("store"));
  list.add("jobs", () => Promise.reject(new Error("stuck")));
  list.add("gateway", async () => {
    await Promise.resolve();
    done.push("gateway");
  });
  await list.undo((what) => failed.push(what));
  await list.undo((what) => failed.push(what));
  expect(done).toEqual(["gateway", "store"]);
  expect(failed).toEqual(["jobs"]);
});
