import { expect, test } from "vitest";
import { createIndexMemo } from "./index-memo.js";

test("an index is computed once, until it is dropped or makes room", () => {
  const computed: string[] = [];
  const memo = createIndexMemo(2, (id) => {
    computed.push(id);
    return `#${id}`;
  });
  expect([memo.of("a"), memo.of("b"), memo.of("a")]).toEqual(["#a", "#b", "#a"]);
  expect(computed).toEqual(["a", "b"]);
  memo.of("c");
  memo.of("b");
  memo.of("a");
  expect(computed).toEqual(["a", "b", "c", "a"]);
  memo.drop("a");
  memo.of("a");
  memo.dropAll();
  memo.of("a");
  expect(computed).toEqual(["a", "b", "c", "a", "a", "a"]);
});

test("what has no index is tried again", () => {
  let tries = 0;
  const memo = createIndexMemo(2, () => {
    tries += 1;
    throw new Error("none");
  });
  expect(() => memo.of("a")).toThrow("none");
  expect(() => memo.of("a")).toThrow("none");
  expect(tries).toBe(2);
});
