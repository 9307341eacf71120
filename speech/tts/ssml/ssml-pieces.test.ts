import { describe, expect, it } from "vitest";
import { parseSsml } from "../../../codecs/ssml/ssml.js";
import { sayAs } from "./say-as.js";
import { ssmlPieces } from "./ssml-pieces.js";

const pieces = (content: string, language = "en-US") =>
  ssmlPieces(parseSsml(`<speak>${content}</speak>`), language);
const plain = (content: string) => pieces(content).flatMap((piece) => piece.plain);
const markup = (content: string) =>
  pieces(content).flatMap(({ marked }) =>
    marked.map((one) => (one.kind === "speech" ? one.ssml : one.pauseMs)),
  );
const normal = { speed: 1, pitch: 1, gain: 1 };

describe("for voices that know nothing of markup", () => {
  it("breaks are silence of ours, and text beside them is joined", () => {
    expect(plain('One <sub alias="two">2</sub>.<break time="1.5s"/>Three.')).toEqual([
      { kind: "speech", text: "One two.", ...normal },
      { kind: "pause", pauseMs: 1500 },
      { kind: "speech", text: "Three.", ...normal },
    ]);
  });

  it.each([
    ['time="250ms"', 250],
    ['time="2s" strength="weak"', 2000],
    ['strength="strong"', 700],
    ['time="soon"', 400],
    ['time="99s"', 10_000],
    ["", 400],
  ])("a break with %s is %d ms", (attributes, pauseMs) => {
    expect(plain(`a<break ${attributes}/>b`)[1]).toEqual({ kind: "pause", pauseMs });
  });

  it.each([
    ['rate="80%"', { speed: 0.8 }],
    ['rate="+30%"', { speed: 1.3 }],
    ['rate="-10%"', { speed: 0.9 }],
    ['rate="x-fast"', { speed: 2 }],
    ['rate="900%"', { speed: 2 }],
    ['rate="whatever"', { speed: 1 }],
    ['pitch="+12st"', { pitch: 2 }],
    ['pitch="120Hz"', { pitch: 1 }],
    ['volume="-6dB"', { gain: 10 ** (-6 / 20) }],
    ['volume="50"', { gain: 0.5 }],
    ['volume="silent"', { gain: 0 }],
  ])("prosody %s changes %j", (attributes, change) => {
    expect(plain(`<prosody ${attributes}>a</prosody>`)[0]).toEqual({
      kind: "speech",
      text: "a",
      ...normal,
      ...change,
    });
  });

  it("prosody within prosody is both, and ends with its element", () => {
    const spoken = plain('<prosody rate="80%">a<prosody rate="50%">b</prosody></prosody> c');
    expect(spoken.map((one) => (one.kind === "speech" ? one.speed : 0))).toEqual([0.8, 0.5, 1]);
  });

  it("sentences and paragraphs have pauses between them, not after the last", () => {
    expect(plain("<p>One.</p><p><s>Two.</s><s>Three.</s></p>")).toMatchObject([
      { text: "One." },
      { pauseMs: 500 },
      { text: "Two." },
      { pauseMs: 250 },
      { text: "Three." },
    ]);
  });

  it("what nobody knows is said, and what has no letter is not", () => {
    const unknown = "<audio src='x'>or so</audio> <effect>yes</effect>";
    expect(plain(unknown)).toMatchObject([{ text: "or so yes" }]);
    expect(plain(" … ")).toEqual([]);
  });

  it("marks cut the text, also at its end", () => {
    expect(pieces('One.<mark name="a"/>Two.<mark name="b"/>')).toMatchObject([
      { plain: [{ text: "One." }] },
      { marks: ["a"], plain: [{ text: "Two." }] },
      { marks: ["b"], plain: [] },
    ]);
  });
});

describe("for voices that take markup", () => {
  it("percentages are signed, whatever they were, and text is escaped", () => {
    expect(markup('<prosody rate="80%" volume="+3dB">A &amp; B</prosody>')).toEqual([
      '<prosody rate="-20%" volume="+41%">A &amp; B</prosody>',
    ]);
  });

  it("say-as, phonemes, breaks and languages are passed on; voices are not", () => {
    expect(
      markup(
        '<voice name="x"><say-as interpret-as="date" format="mdy" foo="b">1/2/2030</say-as></voice>' +
          '<break time="1s"/><phoneme ph="a">b</phoneme><lang xml:lang="zh-CN">c</lang>',
      ),
    ).toEqual([
      '<say-as interpret-as="date" format="mdy">1/2/2030</say-as><break time="1000ms"/>' +
        '<phoneme alphabet="ipa" ph="a">b</phoneme><lang xml:lang="zh-CN">c</lang>',
    ]);
  });
});

it.each([
  ["6688", { "interpret-as": "digits" }, "en", "six six eight eight"],
  ["AB1", { "interpret-as": "characters" }, "en", "A, B, 1"],
  ["6688", { "interpret-as": "digits" }, "zh-CN", "6 6 8 8"],
  ["1,205", { "interpret-as": "cardinal" }, "en", "one thousand two hundred five"],
  ["-3", { "interpret-as": "number" }, "en", "minus three"],
  ["23rd", { "interpret-as": "ordinal" }, "en", "twenty third"],
  [
    "+1 555 0100",
    { "interpret-as": "telephone" },
    "en",
    "plus one, five five five, zero one zero zero",
  ],
  ["3/4/2030", { "interpret-as": "date", format: "mdy" }, "en", "March fourth, 2030"],
  ["3/4/2030", { "interpret-as": "date", format: "dmy" }, "en", "April third, 2030"],
  ["2030-03-04", { "interpret-as": "date" }, "en", "March fourth, 2030"],
  ["13/44", { "interpret-as": "date", format: "md" }, "en", "13/44"],
  ["many", { "interpret-as": "cardinal" }, "en", "many"],
  ["$5", { "interpret-as": "currency" }, "en", "$5"],
] as const)("%s as %j in %s is said %s", (text, attributes, language, spoken) => {
  expect(sayAs(text, attributes, language)).toBe(spoken);
});
