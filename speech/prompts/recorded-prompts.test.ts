import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { encodeWav } from "../../codecs/audio/wav.js";
import { loadRecordedPrompts } from "./recorded-prompts.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "voxtree-recordings-"));
  wav("hello.wav", 44_100, 2);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function wav(name: string, rateHz: number, channels: number, peak = 8000): void {
  const samples = new Int16Array(rateHz * channels).fill(peak);
  writeFileSync(join(folder, name), encodeWav({ channels, rateHz, samples }));
}

const list = (yaml: string): void => writeFileSync(join(folder, "recordings.yaml"), yaml);
const request = (text: string, voice = "slt", language = "en-US") => ({ text, voice, language });

it("stands for its text, whatever the line breaks, in mono at one of our rates", () => {
  list('- { text: "Hello.\\n  How are you?", file: hello.wav }');
  const { rateHz, samples } = loadRecordedPrompts(folder).find(request("Hello. How are you?"))!;
  expect(rateHz).toBe(16_000);
  expect(samples.length).toBeGreaterThan(15_500);
  expect(loadRecordedPrompts(folder).find(request("Hello."))).toBeUndefined();
});

it("stands for one voice and language where it says so", () => {
  list("- { text: Hello., file: hello.wav, voice: slt, language: en-US }");
  const recorded = loadRecordedPrompts(folder);
  expect(recorded.find(request("Hello."))).toBeDefined();
  expect(recorded.find(request("Hello.", "rms"))).toBeUndefined();
  expect(recorded.find(request("Hello.", "slt", "en-GB"))).toBeUndefined();
});

it("that no flow asks for is told by its text", () => {
  list("- { text: Hello., file: hello.wav }\n- { text: Helo., file: hello.wav }");
  const unused = loadRecordedPrompts(folder).unused([request("Hello."), request("Bye.")]);
  expect(unused).toEqual(["Helo."]);
});

it("says every mistake of the list with its place", () => {
  wav("quiet.wav", 8000, 1, 0);
  writeFileSync(join(folder, "text.wav"), "no sound at all, this is a text");
  list(
    [
      "- { text: A, file: absent.wav }",
      "- { text: B, file: ../secret.wav }",
      "- { text: C, file: text.wav }",
      "- { text: D, file: quiet.wav, volume: 3 }",
    ].join("\n"),
  );
  let mistakes: readonly string[] = [];
  try {
    loadRecordedPrompts(folder);
  } catch (error) {
    expect(error).toMatchObject({ code: "RECORDINGS_INVALID" });
    mistakes = (error as { detail: { mistakes: string[] } }).detail.mistakes;
  }
  const found = mistakes.join("\n");
  expect(found).toMatch(/2:\d+ 1\.file: must be the name of a WAV file in this folder/);
  expect(found).toMatch(/4:\d+ 3\.volume: unknown key "volume"/);
});

it("says what is wrong with files", () => {
  wav("quiet.wav", 8000, 1, 0);
  writeFileSync(join(folder, "text.wav"), "no sound at all, this is a text");
  list(
    "- { text: A, file: absent.wav }\n- { text: C, file: text.wav }\n- { text: D, file: quiet.wav }",
  );
  expect(() => loadRecordedPrompts(folder)).toThrow(
    /1:\d+ 0\.file: ENOENT[\s\S]*2:\d+ 1\.file: WAV, byte 0[\s\S]*3:\d+ 2\.file: there is no sound/,
  );
});

it("needs its list", () => {
  expect(() => loadRecordedPrompts(folder)).toThrow(/cannot read .*recordings\.yaml \(ENOENT\)/);
});
