import { beforeAll, describe, expect, it } from "vitest";
import { quietRoom, speak, throughTelephone } from "../../test/support/spoken-audio.js";
import { loadVad } from "../vad/fvad.js";
import type { VadFactory } from "../vad/vad.js";
import { announcementIn, wordCount } from "./announcements.js";
import { AnswerAnalyzer, type AnswerVerdict } from "./answer-analyzer.js";
import { LineTones, type LineTone } from "./line-tones.js";

const rateHz = 8000;
let vads: VadFactory;
beforeAll(async () => {
  vads = await loadVad();
});

/** Tones one after the other, each with its length; 0 Hz is a quiet line. */
function tones(...parts: readonly (readonly [hz: number, ms: number])[]): Int16Array {
  return joined(
    ...parts.map(([hz, ms]) =>
      hz === 0
        ? quietRoom(ms * 8)
        : Int16Array.from(
            { length: ms * 8 },
            (_, at) => 6000 * Math.sin((2 * Math.PI * hz * at) / rateHz),
          ),
    ),
  );
}

function joined(...parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

const said = async (text: string, voice = "slt"): Promise<Int16Array> =>
  throughTelephone(await speak(voice, text));

/** What the analyzer makes of audio from the answer on. */
function analysed(audio: Int16Array) {
  const verdicts: AnswerVerdict[] = [];
  const recordings: { cause: string; atMs: number }[] = [];
  const analyzer = new AnswerAnalyzer({
    rateHz,
    sink: {
      verdict: (verdict) => verdicts.push(verdict),
      recording: (start) => recordings.push(start),
    },
  });
  const vad = vads.create({ rateHz });
  for (let at = 0; at + 160 <= audio.length; at += 160) {
    const frame = audio.subarray(at, at + 160);
    analyzer.frame(frame, vad.isSpeech(frame));
  }
  vad.close();
  return { verdicts, recordings, analyzer };
}

describe("who has answered", () => {
  const quiet = tones([0, 1500]);

  it.each([
    ["Hello?", "slt"],
    ["Hello?", "rms"],
    ["Yes, hello.", "awb"],
    ["Good morning.", "slt"],
    ["John speaking.", "rms"],
    ["Yes?", "awb"],
  ])("is a person who says %s (%s)", async (text, voice) => {
    const { verdicts } = analysed(joined(tones([0, 300]), await said(text, voice), quiet));
    expect(verdicts).toMatchObject([{ kind: "human" }]);
    expect(verdicts[0]!.cause).toMatch(/^HUMAN-8\d\d-800$/);
    expect(verdicts[0]!.atMs).toBeLessThan(3500);
  });

  it.each([
    [
      "Hello. You have reached the voice mail of John Brown. Please leave a message after the tone.",
      "slt",
    ],
    ["We are sorry, but nobody is here to take your call. Please try again later.", "rms"],
    ["The person you are calling is not available at the moment.", "awb"],
  ])("is a machine that says %s", async (text, voice) => {
    const { verdicts } = analysed(joined(tones([0, 400]), await said(text, voice), quiet));
    expect(verdicts).toMatchObject([{ kind: "machine" }]);
    expect(verdicts[0]!.cause).toMatch(/^(LONGGREETING|MAXWORDS)-/);
    expect(verdicts[0]!.atMs).toBeLessThan(3000);
  });

  it("records behind the beep, when it is over", async () => {
    const greeting = await said(
      "Hello. You have reached John Brown. Please leave a message.",
      "slt",
    );
    const before = joined(tones([0, 400]), greeting, tones([0, 600]));
    const { recordings } = analysed(joined(before, tones([1000, 500], [0, 3000])));
    expect(recordings).toMatchObject([{ cause: "beep" }]);
    const beepEndMs = before.length / 8 + 500;
    expect(recordings[0]!.atMs - beepEndMs).toBeGreaterThanOrEqual(0);
    expect(recordings[0]!.atMs - beepEndMs).toBeLessThanOrEqual(40);
  });

  it("records behind silence where no beep comes, and once the patience is over", async () => {
    const greeting = await said(
      "Hello. You have reached John Brown. Please leave a message.",
      "slt",
    );
    const { recordings } = analysed(joined(greeting, tones([0, 5000])));
    expect(recordings).toMatchObject([{ cause: "silence" }]);
    const endless = joined(...Array.from({ length: 12 }, () => greeting.subarray(1600, -1600)));
    expect(analysed(endless).recordings).toMatchObject([{ cause: "timeout" }]);
  });

  it("is a machine where nobody says anything, and unknown when the time is over", () => {
    expect(analysed(tones([0, 4000])).verdicts).toMatchObject([
      { kind: "machine", cause: "INITIALSILENCE-2500-2500", atMs: 2500 },
    ]);
    const { analyzer, verdicts } = analysed(tones([0, 1000]));
    analyzer.deadline();
    analyzer.deadline();
    expect(verdicts).toEqual([{ kind: "unknown", cause: "TOOLONG-5000", atMs: 1000 }]);
  });

  it("is a fax that calls or answers", () => {
    expect(analysed(tones([0, 200], [1100, 500], [0, 500])).verdicts).toMatchObject([
      { kind: "fax" },
    ]);
    expect(analysed(tones([0, 200], [2100, 2600], [0, 500])).verdicts).toMatchObject([
      { kind: "fax" },
    ]);
  });

  it("is a network with three rising tones: no such number, or no way to it", () => {
    const vacant = tones([0, 300], [985.2, 380], [1370.6, 274], [1776.7, 380], [0, 600]);
    const noCircuit = tones([0, 300], [985.2, 380], [1428.5, 380], [1776.7, 380], [0, 600]);
    expect(analysed(vacant).verdicts).toMatchObject([{ kind: "invalid_number", cause: "SIT" }]);
    expect(analysed(noCircuit).verdicts).toMatchObject([{ kind: "unreachable", cause: "SIT" }]);
  });

  it("goes by the words, too, as soon as they are there", () => {
    const heard = (text: string) => {
      const { analyzer, verdicts } = analysed(tones([0, 500]));
      analyzer.words(text);
      return verdicts.map(({ kind, cause }) => [kind, cause]);
    };
    expect(heard("the number you have dialed is not in service")).toEqual([
      ["invalid_number", "WORDS"],
    ]);
    expect(heard("您拨打的号码是空号")).toEqual([["invalid_number", "WORDS"]]);
    expect(heard("please leave a message")).toEqual([["machine", "WORDS"]]);
    expect(heard("hello who is there")).toEqual([]);
    expect(heard("one two three four five six seven eight nine")).toEqual([
      ["machine", "TRANSCRIPT-9-8"],
    ]);
  });
});

describe("tones on a line", () => {
  const found = (audio: Int16Array): LineTone[] => {
    const line = new LineTones(rateHz);
    const all: LineTone[] = [];
    for (let at = 0; at + 160 <= audio.length; at += 160) {
      const tone = line.frame(audio.subarray(at, at + 160));
      if (tone !== undefined) all.push(tone);
    }
    return all;
  };

  it.each([425, 800, 1000, 1400, 2000])("are a beep at %s Hz, also in noise", (hz) => {
    const noise = quietRoom(12_000, 300);
    const audio = tones([0, 400], [hz, 400], [0, 400]).map((sample, at) => sample + noise[at]!);
    expect(found(audio)).toMatchObject([{ kind: "beep" }]);
  });

  it("are none in speech, whoever speaks", async () => {
    for (const voice of ["slt", "rms", "awb"]) {
      const speech = await said(
        "You can say yes to confirm it, or no, oh no, if you are ill.",
        voice,
      );
      expect(found(speech)).toEqual([]);
    }
  });
});

describe("announcements", () => {
  it("are known by their words, and what people say is none", () => {
    expect(announcementIn("您好，请在提示音后留言")).toBe("machine");
    expect(announcementIn("the mobile you called is switched off")).toBe("unreachable");
    expect(announcementIn("您拨打的电话已关机")).toBe("unreachable");
    for (const text of ["hello", "yes speaking", "喂，你好", "who is this"]) {
      expect(announcementIn(text)).toBeUndefined();
    }
    expect([wordCount("hello, it's me"), wordCount("你好吗"), wordCount("")]).toEqual([3, 2, 0]);
  });
});
