import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packSentences, splitSentences } from "./sentences.js";

describe("splitSentences", () => {
  it("splits at the ends of sentences", () => {
    expect(splitSentences("Hello. Is this Ann? Great! 好。 Bye")).toEqual([
      "Hello.",
      "Is this Ann?",
      "Great!",
      "好。",
      "Bye",
    ]);
  });

  it("does not take abbreviations, initials, decimals or times for ends", () => {
    const text = "See Dr. J. Smith at 3.15 p.m. for $4.50.";
    expect(splitSentences(text)).toEqual([text]);
  });

  it("takes a plain no for an end", () => {
    expect(splitSentences("Say yes or no. Thank you.")).toEqual(["Say yes or no.", "Thank you."]);
  });

  it("keeps closing quotes and brackets with their sentence", () => {
    expect(splitSentences('He said "Go." (Now.) Then left.')).toEqual([
      'He said "Go."',
      "(Now.)",
      "Then left.",
    ]);
  });

  it("speaks the first clause of a long first sentence alone, and no later one", () => {
    const text =
      "Good morning Mrs Miller, this is the clinic in the High Street calling about Monday. " +
      "If that is not a good time for you, just say so, and we find another one together, yes?";
    expect(splitSentences(text)).toEqual([
      "Good morning Mrs Miller,",
      "this is the clinic in the High Street calling about Monday.",
      "If that is not a good time for you, just say so, and we find another one together, yes?",
    ]);
  });

  it("leaves a short first sentence whole", () => {
    expect(splitSentences("Hello Mr Smith, how are you?")).toEqual([
      "Hello Mr Smith, how are you?",
    ]);
  });

  it("joins what can not be spoken alone to its neighbour", () => {
    expect(splitSentences("... Hello. 😀! Bye. ...")).toEqual(["... Hello. 😀!", "Bye. ..."]);
  });

  it("gives no pieces for no text and one for mere signs", () => {
    expect(splitSentences(" \n ")).toEqual([]);
    expect(splitSentences("... !")).toEqual(["... !"]);
  });

  const unit = fc.constantFrom(..."aB1 ,.;:!?…。\"'( )-—😀好 \n".split(""), "Dr. ", "word ");
  const texts = fc.string({ unit, maxLength: 900 });

  it("loses nothing, and leaves no piece without something to speak", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const pieces = splitSentences(text);
        expect(pieces.join("").replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
        if (pieces.length < 2) return;
        for (const piece of pieces) expect(piece).toMatch(/[\p{L}\p{N}]/u);
      }),
    );
  });

  it("keeps pieces of ordinary words within bounds", () => {
    const words = fc.array(fc.string({ unit: fc.constantFrom("a", "b", ","), maxLength: 20 }));
    fc.assert(
      fc.property(words, (given) => {
        const spoken = given.map((word) => `x${word}`).join(" ");
        for (const piece of splitSentences(spoken)) expect(piece.length).toBeLessThanOrEqual(250);
      }),
    );
  });
});

describe("packSentences", () => {
  it("fills pieces with whole sentences", () => {
    expect(packSentences("One two. Three four. Five six.", 21)).toEqual([
      "One two. Three four.",
      "Five six.",
    ]);
  });

  it("cuts a sentence that is too long at a clause, else at a word", () => {
    expect(packSentences("One two three, four five six seven eight.", 20)).toEqual([
      "One two three,",
      "four five six seven",
      "eight.",
    ]);
  });

  it("leaves a word that is too long whole", () => {
    expect(packSentences("a".repeat(50), 20)).toEqual(["a".repeat(50)]);
  });
});

describe("Chinese text", () => {
  const clause = "您在下星期二下午三点有一个预约，";

  it("is cut at the ends of sentences, which no space follows", () => {
    expect(splitSentences("您好。请问您是王小明吗？“是的。”谢谢！")).toEqual([
      "您好。",
      "请问您是王小明吗？",
      "“是的。”",
      "谢谢！",
    ]);
  });

  it("has a short first piece, and none that is long", () => {
    const text = `您好，这里是城市健康中心，${clause.repeat(12)}请您按时到达。`;
    const pieces = splitSentences(text);
    expect(pieces[0]).toBe("您好，这里是城市健康中心，".slice(0, pieces[0]!.length));
    expect(pieces[0]!.length).toBeLessThanOrEqual(20);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(60);
    expect(pieces.every((piece) => /[，。]$/.test(piece))).toBe(true);
    expect(pieces.join("")).toBe(text);
  });

  it("without any sign is cut between characters, never in a number, a word or a character", () => {
    const text = "𠮷".repeat(40) + "二零二六年".repeat(20) + "订单ABCDEF20260503号".repeat(9);
    const pieces = splitSentences(text);
    expect(pieces.join("")).toBe(text);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(60);
    expect(pieces.some((piece) => /^[\udc00-\udfff]/.test(piece))).toBe(false);
    expect(pieces.some((piece) => /[A-Z0-9]$/.test(piece))).toBe(false);
  });
});
