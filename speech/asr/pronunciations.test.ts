import { expect, test } from "vitest";
import { createPronunciations } from "./pronunciations.js";

const sounds = createPronunciations(
  [
    "read R EH D",
    "read(2) R IY D",
    "fox F AA K S",
    "tree T R IY",
    "vote V OW T",
    "cancel K AE N S AH L",
    "time T AY M",
    "sheet SH IY T",
    "plan P L AE N",
    "box B AA K S",
    "",
  ].join("\n"),
);

test("a word has all the ways to say it, in the order of the dictionary", () => {
  expect(sounds.of("read")).toEqual(["R EH D", "R IY D"]);
});

test("a word nobody knows has none", () => {
  for (const word of ["plorf", "", "re", "(2)", "read(2", "__proto__"]) {
    expect(sounds.of(word), word).toEqual([]);
  }
});

test("compounds and regular endings are put together from known words", () => {
  expect(sounds.of("foxtree")).toEqual(["F AA K S T R IY"]);
  expect(sounds.of("timesheet")).toEqual(["T AY M SH IY T"]);
  expect(sounds.of("sheets")).toEqual(["SH IY T S"]);
  expect(sounds.of("trees")).toEqual(["T R IY Z"]);
  expect(sounds.of("boxes")).toEqual(["B AA K S IH Z"]);
  expect(sounds.of("tree's")).toEqual(["T R IY Z"]);
  expect(sounds.of("voted")).toEqual(["V OW T IH D"]);
  expect(sounds.of("planned")).toEqual(["P L AE N D"]);
  expect(sounds.of("planning")).toEqual(["P L AE N IH NG"]);
  expect(sounds.of("cancelling")).toEqual(["K AE N S AH L IH NG"]);
});

test("a dictionary cut in mid-line is still read", () => {
  expect(createPronunciations("yes Y EH S\nno").of("yes")).toEqual(["Y EH S"]);
  expect(createPronunciations("yes Y EH S").of("yes")).toEqual(["Y EH S"]);
  expect(createPronunciations("").of("yes")).toEqual([]);
});
