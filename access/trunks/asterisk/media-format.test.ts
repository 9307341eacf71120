import { expect, test } from "vitest";
import { mediaFormatOf } from "./media-format.js";

test.each([
  ["(ulaw)", "ulaw"],
  ["(alaw|ulaw)", "alaw"],
  ["(gsm)", "slin"],
  ["(g729)", "slin"],
  ["(slin)", "slin"],
  ["(g722)", "slin16"],
  ["(opus)", "slin16"],
  ["(slin48)", "slin16"],
  ["(nothing)", "slin"],
  ["", "slin"],
  [undefined, "slin"],
])("a telephone that speaks %s has its media as %s", (native, format) => {
  expect(mediaFormatOf(native)).toBe(format);
});
