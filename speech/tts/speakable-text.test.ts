import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineError } from "../../base/errors.js";
import { speakableText, TEXT_CHARACTERS_MAX } from "./speakable-text.js";

const SPOKEN: readonly (readonly [written: string, spoken: string])[] = [
  // Money.
  ["Pay $45.00 now", "Pay forty five dollars now"],
  ["$1,200.50", "one thousand two hundred dollars and fifty cents"],
  ["$1", "one dollar"],
  ["$1.01", "one dollar and one cent"],
  ["£0.99", "ninety nine pence"],
  ["€5 million", "five million euros"],
  ["$2.50 million", "two point five zero million dollars"],
  ["5€ or 7 €", "five euros or seven euros"],
  ["-$3", "minus three dollars"],
  ["¥1000.", "one thousand yen."],
  ["$0.00", "zero dollars"],
  // Times.
  ["at 10:30", "at ten thirty"],
  ["at 10:05 and 10:00", "at ten oh five and ten o'clock"],
  ["10:30 am sharp", "ten thirty A M sharp"],
  ["10:30 a.m. sharp", "ten thirty A M sharp"],
  ["at 10:30 p.m. Please wait", "at ten thirty P M. Please wait"],
  ["at 9 p.m.", "at nine P M."],
  ["at 9am.", "at nine A M."],
  ["14:00", "fourteen o'clock"],
  ["00:15", "zero fifteen"],
  ["25:99", "25:99"],
  // Dates.
  ["2024-05-01", "May first, 2024"],
  ["2024-13-41", "two zero two four, one three, four one"],
  // Telephone numbers and other strings of digits.
  ["(555) 010-9999", "five five five, zero one zero, nine nine nine nine"],
  ["+1 555-010-9999", "plus one, five five five, zero one zero, nine nine nine nine"],
  ["call 555-0100.", "call five five five, zero one zero zero."],
  ["5550109999", "five five five zero one zero nine nine nine nine"],
  ["code 0042", "code zero zero four two"],
  ["007 agents", "zero zero seven agents"],
  // Numbers that stay numbers.
  ["1,234,567", "one million two hundred thirty four thousand five hundred sixty seven"],
  ["in 2024", "in 2024"],
  ["3.14 and 0.5", "3.14 and 0.5"],
  ["24/7", "24 7"],
  ["-5°C", "minus 5 degrees Celsius"],
  ["50% of 70 °F", "50 percent of 70 degrees Fahrenheit"],
  // Ordinals.
  ["1st, 2nd, 3rd, 4th", "first, second, third, fourth"],
  ["12th 20th 21st 113th", "twelfth twentieth twenty first one hundred thirteenth"],
  // Addresses.
  ["https://www.example.com/pay/?id=1#x.", "example dot com slash pay."],
  ["see www.my-clinic.org", "see my dash clinic dot org"],
  ["mail help@example.com", "mail help at example dot com"],
  // Signs, emoji, typography.
  ["Smith & Sons", "Smith and Sons"],
  ["A+B=C #4", "A plus B equals C number 4"],
  ["**bold** _it_ `x` <b>", "bold it 'x' b"],
  ["Hi 😀 there 👩‍👩‍👧 🇬🇧 👍🏽!", "Hi there!"],
  ["“Yes” — it’s fine…", "Yes, it's fine."],
  ["well - maybe", "well, maybe"],
  ["twenty-one", "twenty-one"],
  ["a\u0000b\u0007c\td\r\ne\u200bf\u2028g", "a b c d ef g"],
  ["Café Müller, Straße, Łódź, Ærø", "Cafe Muller, Strasse, Lodz, AEro"],
  ["ＨＥＬＬＯ ①", "HELLO 1"],
  ["½ hour", "one half hour"],
  ["What?! No!!!", "What? No!"],
];

it.each(SPOKEN)("speaks %j as %j", (written, spoken) => {
  expect(speakableText(written)).toBe(spoken);
});

function errorOf(text: string, place?: string): EngineError {
  try {
    return expect.fail(`spoken as ${speakableText(text, place)}`);
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
}

describe("refusals", () => {
  it.each(["", "   ", "...", "?!", "😀", "\u0000", "—", "()", "\ud800"])(
    "%j has nothing to speak",
    (text) => {
      const error = errorOf(text, 'state "greeting"');
      expect(error.code).toBe("NOTHING_SPEAKABLE");
      expect(error.message).toContain(`state "greeting": ${text.length} characters`);
    },
  );

  it.each([
    ["你好", "U+4F60"],
    ["Hello Мир", "U+041C"],
    ["room ٣", "U+0663"],
    ["שלום", "U+05E9"],
  ])("%j is not for an English voice, even in part", (text, codePoint) => {
    const error = errorOf(text);
    expect(error.code).toBe("UNSUPPORTED_LANGUAGE");
    expect(error.message).toContain(codePoint);
    expect(error.message).toContain('"en"');
  });

  it("limits the length, and says to what", () => {
    expect(errorOf("a".repeat(TEXT_CHARACTERS_MAX + 1)).message).toContain("2001 characters");
    const longest = "ab ".repeat(TEXT_CHARACTERS_MAX / 3).trim();
    expect(speakableText(longest)).toBe(longest);
  });

  it("speaks an endless word in pieces", () => {
    expect(speakableText("a".repeat(90))).toBe(
      ["a".repeat(40), "a".repeat(40), "a".repeat(10)].join(" "),
    );
  });

  it("never repeats the text in an error: it may be about a person", () => {
    const error = errorOf("Господин Smith owes 100");
    expect(JSON.stringify([error.message, error.detail])).not.toContain("Smith");
  });
});

describe("any text", () => {
  const written = fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.string({ unit: "grapheme", maxLength: 80 }),
    fc.string({
      unit: fc.constantFrom(..."0123456789$€.,:-+()@/& apmsthw#%°".split("")),
      maxLength: 80,
    }),
  );

  it("becomes plain ASCII with something to speak, or a typed error", () => {
    fc.assert(
      fc.property(written, (text) => {
        try {
          const spoken = speakableText(text);
          expect(spoken).toMatch(/^[A-Za-z0-9 .,;:!?'()-]*[A-Za-z0-9][A-Za-z0-9 .,;:!?'()-]*$/);
          expect(spoken).not.toMatch(/^\s|\s$|\s\s/);
          expect(spoken.length).toBeLessThan(60 + 30 * text.length);
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("takes time in proportion to its length, also when it nearly matches every rule", () => {
    for (const unit of ["1-", "1,", "1.", "a@", "a.", "$1,", "(1", "1:", "+1 ", "www.", "- "]) {
      const text = unit.repeat(TEXT_CHARACTERS_MAX).slice(0, TEXT_CHARACTERS_MAX);
      try {
        speakableText(text);
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
      }
    }
  }, 5000);
});
