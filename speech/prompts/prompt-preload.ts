/**
 * Renders many prompts before the first call: a few at a time, one failure does not stop the
 * others, and all failures come back together.
 */
import { formatKey, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import { toErrorData, type ErrorData } from "../../base/errors.js";
import type { SpeechRequest } from "../tts/synthesizer.js";
import { PromptError } from "./prompt-audio.js";
import { promptId } from "./prompt-id.js";

/** Texts, each counted once however often it was asked for and in however many formats. */
export type PreloadProgress = {
  readonly done: number;
  readonly failed: number;
  readonly total: number;
};

/** Distinct texts and the bytes that they take in all formats. */
export type PreloadReport = { readonly prompts: number; readonly bytes: number };

/** `index` counts from 0 in the requests as they were given. */
export type PreloadFailure = {
  readonly index: number;
  readonly promptId: string;
  readonly error: ErrorData;
};

type PreloadOptions = {
  readonly requests: readonly SpeechRequest[];
  readonly formats: readonly AudioFormat[];
  readonly onProgress: (progress: PreloadProgress) => void;
  readonly render: (
    request: SpeechRequest,
    format: AudioFormat,
  ) => Promise<{ readonly audio: Uint8Array }>;
  readonly bytesMax: number;
  readonly rendersMax: number;
};

/** Failures spelled out in the message; all of them are in `detail.failures`. */
const FAILURES_SHOWN_MAX = 10;

/**
 * Renders every request in every format.
 *
 * @throws {PromptError} `PROMPTS_FAILED` with `detail.failures: PreloadFailure[]`, or
 *   `PROMPTS_TOO_LARGE` when they push one another out of the store
 */
export async function preloadPrompts(options: PreloadOptions): Promise<PreloadReport> {
  const { onProgress, render, bytesMax, rendersMax } = options;
  const formats = distinctBy(options.formats, formatKey);
  const numbered = options.requests.map((request, index) => ({
    index,
    promptId: promptId(request),
    request,
  }));
  const waiting = distinctBy(numbered, ({ promptId: id }) => id);
  const total = waiting.length;
  const failures: PreloadFailure[] = [];
  let done = 0;
  let bytes = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { request, ...place } = next;
      try {
        const prompts = await Promise.all(formats.map((format) => render(request, format)));
        bytes += prompts.reduce((sum, { audio }) => sum + audio.length, 0);
      } catch (error) {
        failures.push({ ...place, error: toErrorData(error) });
      }
      done += 1;
      onProgress({ done, failed: failures.length, total });
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, rendersMax) }, work));
  if (failures.length > 0) throw failed(failures, total);
  requireRoom(bytes, bytesMax, total);
  return { prompts: total, bytes };
}

function distinctBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const seen = new Set<string>();
  return items.filter((item) => !seen.has(keyOf(item)) && seen.add(keyOf(item)));
}

function failed(failures: PreloadFailure[], total: number): PromptError {
  failures.sort((a, b) => a.index - b.index);
  const shown = failures
    .slice(0, FAILURES_SHOWN_MAX)
    .map(({ index, error }) => `prompt ${index}: ${error.code}: ${error.message}`);
  const more = failures.length - shown.length;
  return new PromptError(
    "PROMPTS_FAILED",
    `${failures.length} of ${total} prompts can not be rendered:\n${shown.join("\n")}` +
      (more > 0 ? `\nand ${more} more` : ""),
    { failures },
  );
}

function requireRoom(bytes: number, bytesMax: number, total: number): void {
  if (bytes <= bytesMax) return;
  throw new PromptError(
    "PROMPTS_TOO_LARGE",
    `${total} prompts take ${bytes} bytes, the store holds at most ${bytesMax}: some are evicted before the first call`,
    { bytes, bytesMax, prompts: total },
  );
}
