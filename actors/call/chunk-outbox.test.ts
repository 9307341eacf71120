import { expect, test } from "vitest";
import { SharedPages } from "../../base/shared-pages.js";
import { backlogMax, ChunkOutbox } from "./chunk-outbox.js";

function outbox() {
  const pages = new SharedPages();
  const given: Uint8Array[] = [];
  const giving = { give: (page: Uint8Array) => given.push(page) } as unknown as SharedPages;
  const chunk = () => ({ sampleCount: 80, callee: pages.take(80, 0xff), agent: undefined });
  return { box: new ChunkOutbox(giving), chunk, given };
}

test("the pages of a chunk come back when it is stored, not before", () => {
  const { box, chunk, given } = outbox();
  const first = chunk();
  box.add(first, false);
  expect(box.next()?.callee).toBe(first.callee);
  expect(given).toEqual([]);
  box.stored();
  expect(given).toEqual([first.callee]);
});

test("pages that a store has failed with are never used again: it may read them yet", () => {
  const { box, chunk, given } = outbox();
  box.add(chunk(), false);
  box.failed();
  box.stored();
  expect(given).toEqual([]);
});

test("a backlog that is full keeps silence instead, and no page", () => {
  const { box, chunk, given } = outbox();
  for (let count = 0; count < backlogMax; count += 1) expect(box.add(chunk(), false)).toBe(true);
  const late = chunk();
  expect(box.add(late, false)).toBe(false);
  expect(given).toEqual([late.callee]);
});
