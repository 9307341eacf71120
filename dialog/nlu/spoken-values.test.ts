import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leadingNumber } from "./number-words.js";
import { numberWords, parseSpokenValue } from "./spoken-values.js";

describe("numbers", () => {
  test.each([
    ["five", "5"],
    ["twenty five", "25"],
    ["twenty-five", "25"],
    ["it is one hundred and five, please", "105"],
    ["a hundred", "100"],
    ["two thousand and six", "2006"],
    ["one million two hundred thirty four thousand five hundred sixty seven", "1234567"],
    ["two point five", "2.5"],
    ["two and a half", "2.5"],
    ["three point oh five", "3.05"],
    ["minus three", "-3"],
    ["1,250", "1250"],
    ["1250.50", "1250.50"],
    ["nine one one", "911"],
    ["oh double five", "55"],
    ["I have 12 of them", "12"],
    ["二百五", "250"],
    ["二百五十", "250"],
    ["两百零五", "205"],
    ["三千零五", "3005"],
    ["一万二", "12000"],
    ["两万三千四百五十六", "23456"],
    ["十二", "12"],
    ["二十", "20"],
    ["大概一千三左右", "1300"],
    ["三点一四", "3.14"],
    ["负五", "-5"],
    ["一亿两千万", "120000000"],
    ["3万", "30000"],
    ["一二三", "123"],
    ["幺幺零", "110"],
  ])("%j is %s", (text, value) => {
    expect(parseSpokenValue("number", text)).toBe(value);
  });

  test.each(["", "no idea", "two or three", "one of twenty", "三个或者五个", "point"])(
    "%j is no number, or more than one",
    (text) => {
      expect(parseSpokenValue("number", text)).toBeUndefined();
    },
  );
});

describe("amounts", () => {
  test.each([
    ["twenty five dollars", "25"],
    ["twenty five dollars and fifty cents", "25.50"],
    ["I can pay two hundred dollars in 3 weeks", "200"],
    ["fifty cents", "0.50"],
    ["$1,250.50", "1250.50"],
    ["$25", "25"],
    ["a thousand", "1000"],
    ["三块五", "3.50"],
    ["三块五毛二", "3.52"],
    ["三块半", "3.50"],
    ["二百五十块钱", "250"],
    ["两千元", "2000"],
    ["五毛", "0.50"],
    ["¥88", "88"],
  ])("%j is %s", (text, value) => {
    expect(parseSpokenValue("amount", text)).toBe(value);
  });

  test("of two amounts none is guessed", () => {
    expect(parseSpokenValue("amount", "ten dollars or twenty dollars")).toBeUndefined();
  });
});

describe("dates", () => {
  test.each([
    ["May third", "05-03"],
    ["on the third of May", "05-03"],
    ["May the twenty third", "05-23"],
    ["may 3rd, 2026", "2026-05-03"],
    ["the third of may twenty twenty six", "2026-05-03"],
    ["December 31 two thousand and six", "2006-12-31"],
    ["2026-05-03", "2026-05-03"],
    ["February 29", "02-29"],
    ["五月三号", "05-03"],
    ["二零二六年五月三日", "2026-05-03"],
    ["2026年5月3日", "2026-05-03"],
    ["十二月二十五号下午", "12-25"],
  ])("%j is %s", (text, value) => {
    expect(parseSpokenValue("date", text)).toBe(value);
  });

  test.each([
    "tomorrow",
    "may I ask you something",
    "the thirty first of June",
    "February 29, 2027",
    "三月",
    "五月三号或者五月四号",
    "5/3/2026",
  ])("%j is no date, or more than one", (text) => {
    expect(parseSpokenValue("date", text)).toBeUndefined();
  });
});

/** Every number below a million, as an English speaker says it. */
function inEnglish(value: number): string {
  const ones = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen " +
    "fifteen sixteen seventeen eighteen nineteen"
  ).split(" ");
  const tens = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
  if (value < 20) return ones[value]!;
  if (value < 100) {
    return `${tens[Math.floor(value / 10)]!}${value % 10 === 0 ? "" : `-${ones[value % 10]!}`}`;
  }
  const [unit, name] = value < 1000 ? [100, "hundred"] : [1000, "thousand"];
  const rest = value % unit;
  const head = `${inEnglish(Math.floor(value / unit))} ${name}`;
  if (rest === 0) return head;
  return `${head}${rest < 100 ? " and" : ""} ${inEnglish(rest)}`;
}

function inMandarin(value: number): string {
  const digits = "零一二三四五六七八九";
  if (value < 10) return digits[value]!;
  const unit = [10_000, 1000, 100, 10].find((one) => value >= one)!;
  const name = { 10_000: "万", 1000: "千", 100: "百", 10: "十" }[unit]!;
  const rest = value % unit;
  const head = `${inMandarin(Math.floor(value / unit))}${name}`;
  if (rest === 0) return head;
  return `${head}${rest < unit / 10 ? "零" : ""}${inMandarin(rest)}`;
}

test("every number comes back from its words, whole, in both languages", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999 }), (value) => {
      for (const text of [inEnglish(value), inMandarin(value), String(value)]) {
        const words = numberWords(text);
        expect(leadingNumber(words), text).toEqual({ value: String(value), words: words.length });
      }
    }),
    { numRuns: 500 },
  );
});
