/**
 * Prompts spoken by people: a folder with WAV files and a list of what is said in them. A recording
 * stands for its text wherever a flow says it, whatever voice was to speak.
 *
 *     recordings.yaml
 *       - { text: "Hello. Do you have a minute?", file: hello.wav }
 *       - { text: Goodbye., file: bye.wav, voice: slt, language: en-US }
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { EngineError } from "../../base/errors.js";
import { isAudioRateHz } from "../../codecs/audio/audio-codec.js";
import { createResampler, isForeignRateHz } from "../../codecs/audio/resampler.js";
import { decodeWav } from "../../codecs/audio/wav.js";
import { readDraft } from "../../config/draft.js";
import { listOf, part, text } from "../../config/schema-parts.js";
import { readYamlDocument, type DocumentPath } from "../../config/yaml-document.js";
import type { PcmAudio, SpeechRequest } from "../tts/synthesizer.js";
import { mono } from "../tts/network/audio-decoders.js";
import { findSpeech } from "./speech-edges.js";

/** The list, in the folder. */
export const recordingsFile = "recordings.yaml";

export interface RecordedPrompts {
  /** The recording of a text; undefined when there is none. */
  find(request: SpeechRequest): PcmAudio | undefined;
  /** Texts of recordings that none of `requests` asks for: changed, or mistyped. */
  unused(requests: readonly SpeechRequest[]): readonly string[];
  readonly count: number;
}

/** One or more entries of the list are wrong; `detail.mistakes` has all of them. */
export class RecordingsError extends EngineError {}

const fileBytesMax = 64 * 1024 * 1024;
const listBytesMax = 1024 * 1024;

const entry = part({
  text: text("must be the text as the flow says it", /\S/),
  file: text("must be the name of a WAV file in this folder", /^[^\0/\\]+\.wav$/i),
  voice: text("must be the name of a voice", /\S/).optional(),
  language: text("must be a language like en-US", /\S/).optional(),
});
const list = listOf(entry, "recordings, each with text and file").unwrap();

type Recording = z.output<typeof entry> & { readonly audio: PcmAudio };

/**
 * Reads the list and every file of it.
 *
 * @throws {RecordingsError} `RECORDINGS_INVALID`, with every mistake, its line and column
 */
export function loadRecordedPrompts(folder: string): RecordedPrompts {
  const path = join(folder, recordingsFile);
  const document = readYamlDocument(read(path), { bytesMax: listBytesMax });
  const mistakes = document.problems.map(
    ({ message, line, column }) => `${line}:${column} ${message}`,
  );
  const report = (where: DocumentPath, message: string, at?: "key" | "value"): void => {
    const { line, column } = document.positionOf(where, at);
    mistakes.push(`${line}:${column} ${where.join(".")}: ${message}`);
  };
  const { draft, wrongParts } = readDraft({ schema: list, value: document.value });
  for (const part of wrongParts) report(part.path, part.message, part.at);
  const recordings = (draft ?? []).flatMap((one, index): Recording[] => {
    try {
      return [{ ...one, audio: readAudio(join(folder, one.file)) }];
    } catch (error) {
      report([index, "file"], error instanceof Error ? error.message : String(error));
      return [];
    }
  });
  if (mistakes.length > 0) {
    const message = `${path}: ${mistakes.length} mistakes\n${mistakes.join("\n")}`;
    throw new RecordingsError("RECORDINGS_INVALID", message, { mistakes });
  }
  return recordedPrompts(recordings);
}

function recordedPrompts(recordings: readonly Recording[]): RecordedPrompts {
  const byText = new Map<string, Recording[]>();
  for (const recording of recordings) {
    const key = plain(recording.text);
    byText.set(key, [...(byText.get(key) ?? []), recording]);
  }
  const find = (request: SpeechRequest): Recording | undefined =>
    byText
      .get(plain(request.text))
      ?.find(
        ({ voice = request.voice, language = request.language }) =>
          voice === request.voice && language === request.language,
      );
  return {
    find: (request) => find(request)?.audio,
    unused(requests) {
      const used = new Set(requests.map(find));
      return recordings.filter((one) => !used.has(one)).map((one) => one.text);
    },
    count: recordings.length,
  };
}

/** Line breaks of the file that it is written in are not part of a text. */
function plain(given: string): string {
  return given.normalize("NFC").replace(/\s+/g, " ").trim();
}

function readAudio(path: string): PcmAudio {
  const bytes = readFileSync(path);
  if (bytes.length > fileBytesMax) {
    throw new Error(`${bytes.length} bytes, at most ${fileBytesMax} are right`);
  }
  const audio = mono(decodeWav(bytes));
  const { rateHz, samples } = audio;
  if (!isAudioRateHz(rateHz) && !isForeignRateHz(rateHz)) {
    throw new Error(
      `${rateHz} samples per second; 8000, 16000, 44100, 48000 and the like are right`,
    );
  }
  if (findSpeech(samples, rateHz) === undefined) throw new Error("there is no sound in it");
  if (isAudioRateHz(rateHz)) return audio;
  const resampler = createResampler({ fromHz: rateHz, toHz: 16_000 });
  return { rateHz: 16_000, samples: resampler.process(samples).slice() };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unreadable";
    throw new RecordingsError("RECORDINGS_INVALID", `cannot read ${path} (${code})`, {}, { cause });
  }
}
