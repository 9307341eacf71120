/**
 * The prompt cache: each text rendered once per codec, kept in shared memory, bounded in bytes.
 * Whoever asks for a prompt that is just being made waits for that one render. An evicted prompt
 * that is still being played goes on: its player holds the memory, the store only forgets it.
 *
 * Texts that contain a contact's data do not belong here: render those with `encodePrompt` alone.
 */
import {
  codecOf,
  formatKey,
  frameBytes,
  type AudioFormat,
} from "../../codecs/audio/audio-codec.js";
import type { PcmAudio, SpeechRequest } from "../tts/synthesizer.js";
import { leastRecentlyUsed, type LeastRecentlyUsed } from "./least-recently-used.js";
import { encodePrompt, PROMPT_FRAME_MS, promptDurationMs, PromptError } from "./prompt-audio.js";
import { promptId } from "./prompt-id.js";
import { layerKey, type PromptLayer } from "./prompt-layer.js";

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
  /** Renders speech; called once per text however many wait for it. */
  readonly synthesize: (request: SpeechRequest) => Promise<RenderedSpeech>;
  /** A recording that stands for the text, whoever was to speak it; undefined: there is none. */
  readonly recorded?: (request: SpeechRequest) => PcmAudio | undefined;
  /** Where prompts outlive the process, the fastest first. */
  readonly layers?: readonly PromptLayer[];
  /** Who speaks for the voices of flows: prompts of others in a layer are not ours. */
  readonly speaker?: string;
  /**
   * Encodes speech for playing. Default `encodePrompt`, in this thread: 2 to 4 ms per second of
   * speech, so a thread that must not block passes a job here.
   */
  readonly encode?: EncodePrompt;
};

/** `isStandIn`: somebody spoke for the voice that was asked for. Kept for now, and not for ever. */
export type RenderedSpeech = PcmAudio & { readonly isStandIn?: boolean };

export type PromptStoreStats = {
  readonly prompts: number;
  readonly bytes: number;
  readonly bytesMax: number;
  /** Renders under way. */
  readonly rendering: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  /** Misses that a layer had, by its name. */
  readonly layerHits: Readonly<Record<string, number>>;
  /** Misses that were rendered, or are a person's recording. */
  readonly rendered: number;
  readonly recorded: number;
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
  /** The stored prompt, or that of a layer; undefined when it must be rendered. Never rejects. */
  find(request: SpeechRequest, format: AudioFormat): Promise<Prompt | undefined>;
  stats(): PromptStoreStats;
}

/**
 * An empty store.
 *
 * @throws {PromptError} `PROMPT_BYTES_OUT_OF_RANGE` unless `bytesMax` is a positive whole number
 */
export function createPromptStore(options: PromptStoreOptions): PromptStore {
  requireBytesMax(options.bytesMax);
  return new Store(options);
}

/** Other formats are made of this one: the speech itself is not kept. */
const master: AudioFormat = { codec: "l16", rateHz: 16000 };

class Store implements PromptStore {
  readonly #options: PromptStoreOptions;
  readonly #stored: LeastRecentlyUsed<Prompt>;
  readonly #speaking = singleFlight<RenderedSpeech>();
  readonly #rendering = singleFlight<Prompt>();
  readonly #layerHits: Record<string, number> = {};
  readonly #count = { hits: 0, misses: 0, evictions: 0, rendered: 0, recorded: 0 };

  constructor(options: PromptStoreOptions) {
    this.#options = options;
    this.#stored = leastRecentlyUsed<Prompt>(options.bytesMax);
  }

  get(id: string, format: AudioFormat): Prompt | undefined {
    const prompt = this.#stored.get(keyOf(id, format));
    this.#count[prompt === undefined ? "misses" : "hits"] += 1;
    return prompt;
  }

  async find(request: SpeechRequest, format: AudioFormat): Promise<Prompt | undefined> {
    const id = promptId(request);
    const prompt = this.get(id, format);
    if (prompt !== undefined) return prompt;
    // A recording may have come since the layer was filled.
    if (this.#options.recorded?.(request) !== undefined) return undefined;
    const audio = await this.#fromLayers(id, format);
    return audio === undefined ? undefined : this.#keep(id, format, audio);
  }

  async render(request: SpeechRequest, format: AudioFormat): Promise<Prompt> {
    const id = promptId(request);
    const prompt = this.get(id, format);
    if (prompt !== undefined) return prompt;
    return this.#rendering.join(keyOf(id, format), () => this.#make(id, request, format));
  }

  stats(): PromptStoreStats {
    return {
      prompts: this.#stored.count,
      bytes: this.#stored.bytes,
      bytesMax: this.#options.bytesMax,
      rendering: this.#rendering.count,
      layerHits: { ...this.#layerHits },
      ...this.#count,
    };
  }

  async #make(id: string, request: SpeechRequest, format: AudioFormat): Promise<Prompt> {
    const { recorded, encode = encodePrompt } = this.#options;
    const recording: RenderedSpeech | undefined = recorded?.(request);
    if (recording === undefined) {
      const found = await this.#fromLayers(id, format);
      if (found !== undefined) return this.#keep(id, format, found);
    }
    this.#count[recording === undefined ? "rendered" : "recorded"] += 1;
    const speech = recording ?? (await this.#speech(id, request, format));
    const audio = await encode(speech, format);
    const prompt = this.#keep(id, format, audio);
    const isOurs = recording === undefined && speech.isStandIn !== true;
    if (isOurs) await this.#toLayers(id, format, audio);
    return prompt;
  }

  /** Two formats of one text, asked for together, share one synthesis. */
  #speech(id: string, request: SpeechRequest, format: AudioFormat): Promise<RenderedSpeech> {
    return this.#speaking.join(id, async () => {
      const made = formatKey(format) === formatKey(master) ? undefined : this.#master(id);
      return made ?? (await this.#options.synthesize(request));
    });
  }

  #master(id: string): RenderedSpeech | undefined {
    const prompt = this.#stored.get(keyOf(id, master));
    if (prompt === undefined) return undefined;
    const samples = new Int16Array(prompt.audio.length / 2);
    codecOf(master.codec).decode(prompt.audio, samples);
    // Whether somebody stood in is not known any more.
    return { rateHz: master.rateHz, samples, isStandIn: true };
  }

  #keep(id: string, format: AudioFormat, audio: Uint8Array<SharedArrayBuffer>): Prompt {
    requireFit(id, audio.length, this.#options.bytesMax);
    const prompt = { promptId: id, format, audio, durationMs: promptDurationMs(audio, format) };
    this.#count.evictions += this.#stored.set(keyOf(id, format), prompt, audio.length);
    return prompt;
  }

  async #fromLayers(
    id: string,
    format: AudioFormat,
  ): Promise<Uint8Array<SharedArrayBuffer> | undefined> {
    const { layers = [], speaker = "" } = this.#options;
    const key = layerKey(id, format, speaker);
    for (const [index, layer] of layers.entries()) {
      const audio = await layer.get(key);
      if (audio === undefined || audio.length % frameBytes(format, PROMPT_FRAME_MS) !== 0) continue;
      this.#layerHits[layer.name] = (this.#layerHits[layer.name] ?? 0) + 1;
      await Promise.all(layers.slice(0, index).map((above) => above.put(key, audio)));
      return shared(audio);
    }
    return undefined;
  }

  async #toLayers(id: string, format: AudioFormat, audio: Uint8Array): Promise<void> {
    const { layers = [], speaker = "" } = this.#options;
    const key = layerKey(id, format, speaker);
    await Promise.all(layers.map((layer) => layer.put(key, audio)));
  }
}

function shared(audio: Uint8Array): Uint8Array<SharedArrayBuffer> {
  if (audio.buffer instanceof SharedArrayBuffer) return audio as Uint8Array<SharedArrayBuffer>;
  const copy = new Uint8Array(new SharedArrayBuffer(audio.length));
  copy.set(audio);
  return copy;
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
