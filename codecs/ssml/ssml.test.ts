import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineError } from "../../base/errors.js";
import { isSsml, parseSsml, ssmlText, withoutMarkup } from "./ssml.js";

describe("parseSsml", () => {
  it("reads elements, attributes, the five entities and CDATA", () => {
    const root = parseSsml(
      '<speak version="1.1">Tom &amp; Ann &#65;<break time="1s"/><![CDATA[<b>]]><!-- no --></speak>',
    );
    expect(root).toEqual({
      name: "speak",
      attributes: { version: "1.1" },
      children: [
        expect.stringContaining("Tom & Ann A"),
        { name: "break", attributes: { time: "1s" }, children: [] },
        "<b>",
      ],
    });
  });

  const deep = `<speak>${"<s>".repeat(16)}x${"</s>".repeat(16)}</speak>`;
  it.each([
    ["<speak>a</speek>", 1, /unexpected close tag/],
    ["<speak>\n  <break time=1s/></speak>", 2, /unquoted attribute/],
    ["<speak>a & b</speak>", 1, /./],
    ["<speak>&nbsp;</speak>", 1, /entity/],
    ['<!DOCTYPE speak [<!ENTITY a "aaaa">]><speak>&a;</speak>', 1, /DTD is not allowed/],
    ["<speak><?php x ?></speak>", 1, /processing instructions are not allowed/],
    ["<say>a</say>", 1, /first element is say; speak is right/],
    ["<speak>a", 1, /unclosed tag/],
    ["<speak>a</speak><speak>b</speak>", 1, /./],
    [deep, 1, /over 16 elements within one another/],
    [`<speak>${"x".repeat(8200)}</speak>`, 1, /8215 bytes, at most 8192 are right/],
    ["hello", 1, /./],
  ])("refuses %.40j and says where", (text, line, message) => {
    expect(() => parseSsml(text)).toThrow(message);
    try {
      parseSsml(text);
    } catch (error) {
      expect(error).toMatchObject({ code: "SSML_INVALID", detail: { line } });
    }
  });

  it("ends in an element or an error of ours, whatever the text", () => {
    const part = fc.constantFrom(
      ..."<speak> </speak> <s> </s> <break time='1s'/> & &lt; <!-- --> ]]> <!DOCTYPE a> text".split(
        " ",
      ),
      "<",
      ">",
      "\u0000",
      "\ud800",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        try {
          expect(parseSsml(parts.join("")).name).toBe("speak");
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
        }
      }),
    );
  });
});

it.each([
  ["<speak>a</speak>", true],
  ['  <speak version="1.1"/>', true],
  ["<speaker>", false],
  ["3 < 4", false],
  ["say <speak>", false],
])("%j is markup: %s", (text, expected) => {
  expect(isSsml(text)).toBe(expected);
});

it("has the words of a document as they are written", () => {
  const text = '<speak><p>Your <sub alias="thirty">30</sub> yuan</p><p>Thanks.</p></speak>';
  expect(ssmlText(parseSsml(text))).toBe("Your 30 yuan Thanks.");
  expect(withoutMarkup(text)).toBe("Your 30 yuan Thanks.");
  expect(withoutMarkup("<speak>broken")).toBe("<speak>broken");
  expect(withoutMarkup("plain & simple")).toBe("plain & simple");
});
