import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { collectWhenIdle } from "./collect-when-idle.js";

test("collects a second after the last utterance, and once more for what that has let go", () => {
  const time = virtualTime();
  let collections = 0;
  const spoken = collectWhenIdle(time, () => (collections += 1));
  for (let count = 0; count < 5; count += 1) {
    spoken();
    time.advance(900);
  }
  expect(collections).toBe(0);
  time.advance(200);
  expect(collections).toBe(1);
  time.advance(60_000);
  expect(collections).toBe(2);
});

test("what is unreachable is gone then", async () => {
  const time = virtualTime();
  let isFreed = false;
  const registry = new FinalizationRegistry(() => (isFreed = true));
  (() => registry.register({}, undefined))();
  collectWhenIdle(time)();
  time.advance(1000);
  await new Promise((resolve) => setTimeout(resolve, 0));
  await expect.poll(() => isFreed).toBe(true);
});
