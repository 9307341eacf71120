/**
 * The prompt cache: each text rendered once per codec, kept in shared memory, bounded in bytes.
 * Whoever asks for a prompt that is just being made waits for that one render. An evicted prompt
 * that is still being played goes on: its player holds the memory, the store only forgets it.
 *
 * Texts that contain a contact's data do not belong here: render those with `encodePrompt` alone.
 */
import { formatKey, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { PcmAudio, SpeechRequest } from "../tts/synthesizer.js";
import { leastRecentlyUsed } from "./least-recently-used.js";
import { encodePrompt, promptDurationMs, PromptError } from "./prompt-audio.js";
import { promptId } from "./prompt-id.js";
import { preloadPrompts, type PreloadProgress, type PreloadReport } from "./prompt-preload.js";

/** A rendered text; plain data, `audio` crosses threads without being copied. */
export type Prompt = {
  readonly promptId: string;
  readonly format: AudioFormat;
  /** Whole 20 ms frames in `format`; shared, read only. */
  readonly audio: Uint8Array<SharedArrayBuffer>;
  readonly durationMs: number;
};

export type EncodePrompt = (
  pcm: PcmAudio,
  format: AudioFormat,
) => Uint8Array<SharedArrayBuffer> | Promise<Uint8Array<SharedArrayBuffer>>;

export type PromptStoreOptions = {
  /** Bound of all stored audio together. */
  readonly bytesMax: number;
  /** Renders speech, in the job pool; called once per text however many wait for it. */
  readonly synthesize: (request: SpeechRequest) => Promise<PcmAudio>;
  /**
   * Encodes speech for playing. Default `encodePrompt`, in this thread: 2 to 4 ms per second of
   * speech, so a thread that must not block passes a job here.
   */
  readonly encode?: EncodePrompt;
  /** How many renders `preload` keeps running at once. Default 2. */
  readonly preloadRendersMax?: number;
};

export type PromptStoreStats = {
  readonly prompts: number;
  readonly bytes: number;
  readonly bytesMax: number;
  /** Renders under way. */
  readonly rendering: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
};

export interface PromptStore {
  /** What is stored, at once; undefined when it has to be rendered first. */
  get(promptId: string, format: AudioFormat): Prompt | undefined;
  /**
   * The stored prompt, or a newly rendered one.
   *
   * @throws {EngineError} what `synthesize` threw (nothing is kept then, the next call tries
   *   again), `PROMPT_SILENT`, or `PROMPT_TOO_LARGE` when it alone exceeds `bytesMax`.
   */
  render(request: SpeechRequest, format: AudioFormat): Promise<Prompt>;
  /**
   * Renders every request in every format before the first call.
   *
   * @param onProgress called after each text, also after one that failed
   * @throws {PromptError} `PROMPTS_FAILED` after all were tried, with every failure in
   *   `detail.failures`; what succeeded is stored. Also when they do not fit together.
   */
  preload(
    requests: readonly SpeechRequest[],
    formats: readonly AudioFormat[],
    onProgress?: (progress: PreloadProgress) => void,
  ): Promise<PreloadReport>;
  stats(): PromptStoreStats;
}

/**
 * An empty store.
 *
 * @throws {PromptError} `PROMPT_BYTES_OUT_OF_RANGE` unless `bytesMax` is a positive whole number
 */
export function createPromptStore(options: PromptStoreOptions): PromptStore {
  const { bytesMax, synthesize, encode = encodePrompt } = options;
  requireBytesMax(bytesMax);
  const stored = leastRecentlyUsed<Prompt>(bytesMax);
  const speaking = singleFlight<PcmAudio>();
  const rendering = singleFlight<Prompt>();
  const count = { hits: 0, misses: 0, evictions: 0 };
  const get = (id: string, format: AudioFormat): Prompt | undefined => {
    const prompt = stored.get(keyOf(id, format));
    count[prompt === undefined ? "misses" : "hits"] += 1;
    return prompt;
  };
  const make = async (id: string, request: SpeechRequest, format: AudioFormat) => {
    // Two formats of one text, asked for together, share one synthesis.
    const pcm = await speaking.join(id, () => synthesize(request));
    const audio = await encode(pcm, format);
    requireFit(id, audio.length, bytesMax);
    const prompt = { promptId: id, format, audio, durationMs: promptDurationMs(audio, format) };
    count.evictions += stored.set(keyOf(id, format), prompt, audio.length);
    return prompt;
  };
  const render = async (request: SpeechRequest, format: AudioFormat): Promise<Prompt> => {
    const id = promptId(request);
    const prompt = get(id, format);
    return prompt ?? rendering.join(keyOf(id, format), () => make(id, request, format));
  };
  return {
    get,
    render,
    preload: (requests, formats, onProgress = () => undefined) =>
      preloadPrompts({
        requests,
        formats,
        onProgress,
        render,
        bytesMax,
        rendersMax: options.preloadRendersMax ?? 2,
      }),
    stats: () => ({
      prompts: stored.count,
      bytes: stored.bytes,
      bytesMax,
      rendering: rendering.count,
      ...count,
    }),
  };
}

function keyOf(id: string, format: AudioFormat): string {
  return `${id} ${formatKey(format)}`;
}

type SingleFlight<Value> = {
  /** Joins the run under way for `key`, or starts one. */
  join(key: string, start: () => Promise<Value>): Promise<Value>;
  readonly count: number;
};

function singleFlight<Value>(): SingleFlight<Value> {
  const flights = new Map<string, Promise<Value>>();
  return {
    join(key, start) {
      const flight = flights.get(key);
      if (flight !== undefined) return flight;
      // `start` runs a microtask later, so that its flight is on record before it can throw.
      const begun = Promise.resolve()
        .then(start)
        .finally(() => flights.delete(key));
      flights.set(key, begun);
      return begun;
    },
    get count() {
      return flights.size;
    },
  };
}

function requireFit(id: string, bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return;
  throw new PromptError(
    "PROMPT_TOO_LARGE",
    `prompt ${id} takes ${bytes} bytes, the whole store holds at most ${bytesMax}`,
    { promptId: id, bytes, bytesMax },
  );
}

function requireBytesMax(bytesMax: number): void {
  if (Number.isSafeInteger(bytesMax) && bytesMax > 0) return;
  throw new PromptError(
    "PROMPT_BYTES_OUT_OF_RANGE",
    `prompt store: bytesMax is ${bytesMax}, a positive whole number is right`,
    { bytesMax },
  );
}
