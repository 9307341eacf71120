/** Which recogniser hears a language, and which language it says it heard. */
import { describe, expect, it } from "vitest";
import { virtualTime } from "../../../base/virtual-time.js";
import { recognitionVendor } from "../../../config/default-config.js";
import type { RecognitionVendorName } from "../../../config/schema.js";
import { heardLanguage } from "../../vendors/language.js";
import { VendorHealth } from "../../vendors/vendor-health.js";
import type { RecognizerEvent } from "../recognizer.js";
import { createResilientRecognizer, type Seat } from "./resilient.js";
import type { AttemptEvent } from "./vendor.js";
import { createVendor } from "./vendor-registry.js";

const rng = { next: () => 0.5 };

function whoHears(languages: Readonly<Record<string, readonly string[]>>, language: string) {
  const time = virtualTime();
  const asked: string[] = [];
  const seats = Object.entries(languages).map(([name, list]): Seat => ({
    name,
    ...(list.length === 0 ? {} : { languages: list }),
    health: new VendorHealth({ clock: time, rng }),
    isFull: () => false,
    open(_request, listener) {
      asked.push(name);
      const final = { kind: "final", text: "好", language: "zh" } as const;
      return { write: () => undefined, cancel: () => undefined, finish: () => listener(final) };
    },
  }));
  const observe = (): void => undefined;
  const recognizer = createResilientRecognizer({ seats, time, rng, choose: "inOrder", observe });
  const events: RecognizerEvent[] = [];
  const request = { grammar: { language, phrases: [] }, rateHz: 8000 };
  recognizer.open(request, (event) => events.push(event)).finish();
  time.advance(10);
  return { asked, events };
}

describe("a language", () => {
  const languages = { english: ["en"], chinese: ["zh", "yue"], anything: [] };
  it.each([
    ["en-US", "english"],
    ["zh-CN", "chinese"],
    ["yue", "chinese"],
    ["fr", "anything"],
  ])("%s is heard by the first who understands it: %s", (language, name) => {
    expect(whoHears(languages, language).asked).toEqual([name]);
  });

  it("that nobody understands is tried with whoever is there", () => {
    expect(whoHears({ english: ["en"] }, "fr").asked).toEqual(["english"]);
  });

  it("that the vendor reports comes with the final text", () => {
    expect(whoHears({ any: [] }, "en").events.at(-1)).toMatchObject({
      kind: "final",
      language: "zh",
    });
  });
});

/** What a session says of these messages, after the end of the audio. */
function sayings(vendor: RecognitionVendorName, messages: readonly object[]): AttemptEvent[] {
  const events: AttemptEvent[] = [];
  const request = { grammar: { language: "en-US", phrases: [] }, rateHz: 16_000 };
  const session = createVendor(recognitionVendor({ vendor, url: "ws://localhost" })).session(
    request,
    {
      send: () => undefined,
      sendBase64: () => undefined,
      emit: (event) => void events.push(event),
      fail: (code) =>
        void events.push({ kind: "failed", error: { code, message: "", detail: {} } }),
      after: () => ({ cancel: () => undefined }),
    },
  );
  session.start();
  session.finish();
  for (const message of messages) session.receive(JSON.stringify(message));
  return events;
}

describe("what a vendor says it heard", () => {
  it("deepgram: the most frequent of a sentence", () => {
    const alternatives = [{ transcript: "hola", languages: ["es", "en"] }];
    const result = {
      type: "Results",
      is_final: true,
      from_finalize: true,
      channel: { alternatives },
    };
    expect(sayings("deepgram", [result])).toMatchObject([{ kind: "final", language: "es" }]);
  });

  it("funasr with SenseVoice: in tags before the text, which are no words", () => {
    const text = "<|yue|><|NEUTRAL|><|Speech|><|woitn|>唔該";
    const message = { mode: "2pass-offline", text, is_final: true };
    expect(sayings("funasr", [message])).toEqual([
      { kind: "final", text: "唔該", language: "yue" },
    ]);
  });

  it("sherpa-onnx with SenseVoice: beside the text", () => {
    const message = { text: "你好", lang: "<|zh|>", segment: 0, is_eof: true };
    expect(sayings("sherpa-onnx", [message])).toContainEqual({
      kind: "final",
      text: "你好",
      language: "zh",
    });
  });

  it("websocket-json: in `language` or `lang`", () => {
    const messages = [{ text: "你好", language: "zh-CN", is_final: true }];
    expect(sayings("websocket-json", messages)).toMatchObject([
      { kind: "final", language: "zh-CN" },
    ]);
  });

  it.each([
    ["zh", "zh"],
    ["<|en|>", "en"],
    ["English", "en"],
    ["nospeech", undefined],
    ["", undefined],
    [7, undefined],
  ])("%j is read as %s", (said, language) => expect(heardLanguage(said)).toBe(language));
});
