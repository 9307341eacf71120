/** How well real (synthetic) speech is understood: the figures a change must not make worse. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { nodeTime } from "../../base/node-ports.js";
import {
  clearVoices,
  describeWithPocketSphinx,
  quietRoom,
  speak,
  throughTelephone,
} from "../../test/support/spoken-audio.js";
import { createLocalRecognizer } from "./local-recognizer.js";
import type { RecognitionEngine } from "./recognition-engine.js";
import type { Grammar, RecognizerEvent } from "./recognizer.js";

// Half a minute of work on a machine of one's own, and its parts are not to overlap.
vi.setConfig({ testTimeout: 120_000 });

const confirm: Grammar = {
  language: "en-US",
  phrases: ["Yes", "Yes, please", "That is correct", "No", "No, thank you", "That is wrong"],
};
const service: Grammar = {
  language: "en-US",
  phrases: [
    "billing",
    "technical support",
    "change my appointment",
    "cancel my appointment",
    "I want to talk to someone",
    "repeat that please",
  ],
};
const account: Grammar = { language: "en-US", phrases: [], digits: { min: 1, max: 6 } };

const outside = [
  "the weather is nice this afternoon",
  "my dog ate the newspaper",
  "where did you buy that coat",
  "can you hear the music in the background",
  "we had pasta for dinner",
  "the kitchen window is broken",
  "this coffee tastes terrible",
  "let me find my glasses first",
  "nobody told me about the meeting",
  "she sold her old bicycle to a neighbour",
];

/** What a callee may have to tell apart: prompts as our flows say them. */
const prompts = [
  "Hello, this is the city health center. Am I speaking with Anna Miller?",
  "Sorry, if this is Anna Miller, say yes I am, or press one.",
  "You have an appointment with Doctor Brown on Tuesday, at three o'clock in the afternoon.",
  "Please say I will come, another day, or cancel it.",
  "Which day is good for you? Monday morning, Wednesday morning, or Friday afternoon?",
  "I have Thursday for you. Is that right? Please say that is right, or another day.",
  "Shall I cancel your appointment? Please say yes cancel it, or keep the appointment.",
  "Wonderful. We look forward to seeing you. Goodbye.",
  "Thank you. Your new appointment is on Thursday. We will send you a message. Goodbye.",
  "Your appointment is cancelled. Thank you for telling us. Goodbye.",
  "I am sorry for the trouble. Goodbye.",
  "I could not hear you. We will try again later. Goodbye.",
  "Thank you. A colleague will call you back. Goodbye.",
  "Are you still there?",
  "I still cannot hear you. You can also use the keypad of your phone.",
  "For your safety, please say or enter the last four digits of your account number.",
  "I understood 4 0 7 1. Is that right? Please say that is right, or try again.",
  "Your payment of $25 is due. When will you pay?",
  "Thank you. We expect your payment of twenty five dollars tomorrow. Goodbye.",
  "Thank you for telling us. We will check our records. Goodbye.",
  "How satisfied are you with our service? Please say very satisfied, satisfied, or not satisfied.",
  "Would you recommend us to a friend?",
  "What can we do better? Please tell us after the tone.",
  "Goodbye.",
];

describeWithPocketSphinx("recognition of real speech", () => {
  let recognizer: RecognitionEngine;
  beforeAll(() => {
    recognizer = createLocalRecognizer({ scheduler: nodeTime() });
  });
  afterAll(() => recognizer.close());

  function hear(grammar: Grammar, samples: Int16Array, rateHz = 16_000): Promise<RecognizerEvent> {
    return new Promise((resolve) => {
      const stream = recognizer.open({ grammar, rateHz }, (event) => {
        if (event.kind !== "partial") resolve(event);
      });
      for (let at = 0; at < samples.length; at += rateHz / 50) {
        stream.write(samples.subarray(at, at + rateHz / 50));
      }
      stream.finish();
    });
  }

  /** How many of `cases` came out as expected; the others are shown. */
  async function countRight(
    cases: readonly { voice: string; said: string; grammar: Grammar; expected: string }[],
    isTelephone: boolean,
  ): Promise<number> {
    let right = 0;
    for (const { voice, said, grammar, expected } of cases) {
      const wide = await speak(voice, said);
      const event = isTelephone
        ? await hear(grammar, throughTelephone(wide), 8000)
        : await hear(grammar, wide);
      const text = event.kind === "final" && !event.isRejected ? event.text : "";
      if (text === expected) right += 1;
      else console.info(`${isTelephone ? "8 kHz" : "16 kHz"} ${voice} "${said}" → "${text}"`);
    }
    return right;
  }

  const inGrammar = clearVoices.flatMap((voice) =>
    [confirm, service].flatMap((grammar) =>
      grammar.phrases.map((said) => ({ voice, said, grammar, expected: said })),
    ),
  );
  const outOfGrammar = clearVoices.flatMap((voice) =>
    outside.map((said, index) => {
      const grammar = [confirm, service, account][index % 3]!;
      return { voice, said, grammar, expected: "" };
    }),
  );
  const digits = clearVoices.flatMap((voice) =>
    ["4071", "12", "902", "176204", "38", "5519", "8472", "91", "2046", "7"].map((figures) => {
      const said = figures.split("").join(" ");
      return { voice, said, grammar: account, expected: figures };
    }),
  );

  test("36 phrases at 16 kHz: at most one is missed", async () => {
    expect(await countRight(inGrammar, false)).toBeGreaterThanOrEqual(inGrammar.length - 1);
  });

  test("36 phrases over the telephone: at most two are missed", async () => {
    expect(await countRight(inGrammar, true)).toBeGreaterThanOrEqual(inGrammar.length - 2);
  });

  test("30 sentences nobody asked for: at most two are taken for an answer", async () => {
    expect(await countRight(outOfGrammar, false)).toBeGreaterThanOrEqual(outOfGrammar.length - 2);
    expect(await countRight(outOfGrammar, true)).toBeGreaterThanOrEqual(outOfGrammar.length - 2);
  });

  test("30 digit strings: at most three are missed, over the telephone five", async () => {
    expect(await countRight(digits, false)).toBeGreaterThanOrEqual(digits.length - 3);
    expect(await countRight(digits, true)).toBeGreaterThanOrEqual(digits.length - 5);
  });

  test("the right one of 24 prompts is recognised, in another voice and over the telephone", async () => {
    const grammar = { language: "en-US", phrases: prompts };
    const cases = prompts.map((said, index) => {
      return { voice: index % 2 === 0 ? "slt" : "rms", said, grammar, expected: said };
    });
    expect(await countRight(cases, false)).toBe(cases.length);
    expect(await countRight(cases, true)).toBeGreaterThanOrEqual(cases.length - 1);
  }, 120_000);

  test("noise, silence and a prompt cut in half are none of the 24 prompts", async () => {
    const grammar = { language: "en-US", phrases: prompts };
    const half = (await speak("slt", prompts[2]!)).slice(0, 24_000);
    const sounds = [quietRoom(32_000), quietRoom(48_000, 3000), quietRoom(16_000, 200), half];
    for (const samples of [...sounds, await speak("awb", outside[9]!)]) {
      expect(await hear(grammar, samples)).toEqual({ kind: "final", text: "", isRejected: true });
    }
  });

  test("loud and faint speech are understood alike, one after the other", async () => {
    for (const gain of [0.1, 1, 0.3]) {
      const samples = (await speak("slt", "technical support")).map((sample) => sample * gain);
      expect(await hear(service, samples)).toMatchObject({ text: "technical support" });
    }
  });

  test("what one utterance was does not change the next", async () => {
    const quiet = await speak("awb", "No, thank you");
    const events: RecognizerEvent[][] = [];
    for (let round = 0; round < 2; round += 1) {
      const heard: RecognizerEvent[] = [];
      await new Promise<void>((resolve) => {
        const stream = recognizer.open({ grammar: confirm, rateHz: 16_000 }, (event) => {
          heard.push(event);
          if (event.kind !== "partial") resolve();
        });
        stream.write(quiet);
        stream.finish();
      });
      events.push(heard);
      await hear(confirm, throughTelephone(await speak("slt", outside[0]!)), 8000);
    }
    expect(events[1]).toEqual(events[0]);
  });
});
