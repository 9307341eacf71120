/**
 * The fixed texts of all flows as prompts, in the formats that calls use, for every thread. What is
 * stored or recorded is there when the engine starts; the rest is rendered behind it, the flow that
 * somebody wants to call with first. What no voice can speak is reported, not hidden.
 */
import { toErrorData, type ErrorData } from "../../base/errors.js";
import {
  AUDIO_RATES_HZ,
  CODEC_NAMES,
  formatKey,
  type AudioFormat,
} from "../../codecs/audio/audio-codec.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import { promptId } from "../../speech/prompts/prompt-id.js";
import type { Prompt, PromptStore, PromptStoreStats } from "../../speech/prompts/prompt-store.js";
import type { SpeechRequest } from "../../speech/tts/synthesizer.js";
import type { PromptData } from "../control/messages.js";

/** Native clients and Twilio; another format comes with the first call that has it. */
const usualFormats: readonly AudioFormat[] = [
  { codec: "l16", rateHz: 16000 },
  { codec: "pcmu", rateHz: 8000 },
];
/** Renders at once: each keeps a job worker busy, or a vendor's stream. */
const rendersMax = 2;

const allFormats = new Map(
  CODEC_NAMES.flatMap((codec) =>
    AUDIO_RATES_HZ.map((rateHz) => [formatKey({ codec, rateHz }), { codec, rateHz }] as const),
  ),
);

export type FlowPromptsOptions = {
  readonly flows: readonly CompiledFlow[];
  readonly store: PromptStore;
  readonly add: (prompt: PromptData) => void;
  readonly log: (level: "warn", message: string, fields: object) => void;
};

/** What a call of this flow is told that the engine has to end. */
export function offlinePromptId({ offline: text, voice, language }: CompiledFlow): string {
  return promptId({ text, voice, language });
}

/** A text to be rendered. Without its last words a call just ends: they may fail. */
type Task = { readonly request: SpeechRequest; readonly mayFail: boolean };

/** A flow on its way. */
type FlowWork = {
  readonly flowId: string;
  readonly tasks: Task[];
  running: number;
  readonly ready: Promise<void>;
  readonly settle: () => void;
};

export class FlowPrompts {
  /** Why a flow cannot be spoken, by flow id. */
  readonly unspeakable = new Map<string, ErrorData>();
  readonly #options: FlowPromptsOptions;
  readonly #formats = new Map(usualFormats.map((format) => [formatKey(format), format]));
  readonly #added = new Set<string>();
  /** The next one first. */
  readonly #waiting: FlowWork[] = [];
  readonly #works = new Map<string, FlowWork>();
  #renders = 0;
  #isStopped = false;

  constructor(options: FlowPromptsOptions) {
    this.#options = options;
  }

  /** Hands out what is stored, and begins to render the rest. */
  async start(): Promise<void> {
    const works = await Promise.all(this.#options.flows.map((flow) => this.#workOf(flow)));
    for (const work of works) this.#works.set(work.flowId, work);
    this.#waiting.push(...works.filter(({ tasks }) => tasks.length > 0));
    for (const work of works) if (work.tasks.length === 0) work.settle();
    this.#next();
  }

  /** Whether a flow's prompts are there, or cannot be made. */
  isReady(flowId: string): boolean {
    const work = this.#works.get(flowId);
    return work === undefined || (work.tasks.length === 0 && work.running === 0);
  }

  /** Resolves when the flow is ready; its texts are rendered before those of others. */
  async ready(flowId: string): Promise<void> {
    const work = this.#works.get(flowId);
    if (work === undefined) return;
    const place = this.#waiting.indexOf(work);
    if (place > 0) this.#waiting.unshift(...this.#waiting.splice(place, 1));
    await work.ready;
  }

  /** Resolves when there is nothing left to render. */
  async allReady(): Promise<void> {
    await Promise.all([...this.#works.values()].map(({ ready }) => ready));
  }

  /** A call has this format: prompts in it are made of those that there are. */
  async want(key: string): Promise<void> {
    const format = allFormats.get(key);
    if (format === undefined || this.#formats.has(key)) return;
    this.#formats.set(key, format);
    await this.allReady();
    const { flows, store } = this.#options;
    for (const flow of flows) {
      if (this.unspeakable.has(flow.id)) continue;
      for (const { request } of tasksOf(flow)) {
        if (this.#isStopped) return;
        await store.render(request, format).then(
          (prompt) => this.#add(prompt),
          () => undefined,
        );
      }
    }
  }

  /** How the cache does. */
  stats(): PromptStoreStats {
    return this.#options.store.stats();
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting.length = 0;
    for (const { settle } of this.#works.values()) settle();
  }

  /** Takes what is stored; what is left is the work. */
  async #workOf(flow: CompiledFlow): Promise<FlowWork> {
    const tasks: Task[] = [];
    for (const task of tasksOf(flow)) {
      if (!(await this.#isStored(task.request))) tasks.push(task);
    }
    let settle = (): void => undefined;
    const ready = new Promise<void>((resolve) => (settle = resolve));
    return { flowId: flow.id, tasks, running: 0, ready, settle };
  }

  async #isStored(request: SpeechRequest): Promise<boolean> {
    const { store } = this.#options;
    const formats = [...this.#formats.values()];
    const prompts = await Promise.all(formats.map((format) => store.find(request, format)));
    for (const prompt of prompts) if (prompt !== undefined) this.#add(prompt);
    return prompts.every((prompt) => prompt !== undefined);
  }

  #next(): void {
    while (this.#renders < rendersMax) {
      const work = this.#waiting.find(({ tasks }) => tasks.length > 0);
      const task = work?.tasks.shift();
      if (work === undefined || task === undefined) return;
      this.#renders += 1;
      work.running += 1;
      void this.#render(work, task).then(() => {
        this.#renders -= 1;
        work.running -= 1;
        if (work.tasks.length === 0 && work.running === 0) this.#done(work);
        this.#next();
      });
    }
  }

  #done(work: FlowWork): void {
    const place = this.#waiting.indexOf(work);
    if (place !== -1) this.#waiting.splice(place, 1);
    work.settle();
  }

  async #render(work: FlowWork, { request, mayFail }: Task): Promise<void> {
    const { store, log } = this.#options;
    const formats = [...this.#formats.values()];
    try {
      const prompts = await Promise.all(formats.map((format) => store.render(request, format)));
      for (const prompt of prompts) this.#add(prompt);
    } catch (thrown) {
      if (mayFail || this.#isStopped || this.unspeakable.has(work.flowId)) return;
      const error = toErrorData(thrown);
      // Every prompt of a flow without a voice fails alike: the first one tells why.
      this.unspeakable.set(work.flowId, error);
      work.tasks.length = 0;
      const { code, message: reason } = error;
      log("warn", "a flow cannot be spoken", { flow: work.flowId, code, reason });
    }
  }

  #add({ promptId: id, format, audio }: Prompt): void {
    const prompt = { promptId: id, formatKey: formatKey(format), audio };
    const key = `${id} ${prompt.formatKey}`;
    if (this.#added.has(key)) return;
    this.#added.add(key);
    this.#options.add(prompt);
  }
}

function tasksOf({ fixedPrompts, offline, voice, language }: CompiledFlow): Task[] {
  const requestOf = (text: string): SpeechRequest => ({ text, voice, language });
  const tasks = fixedPrompts.map((text) => ({ request: requestOf(text), mayFail: false }));
  return [...tasks, { request: requestOf(offline), mayFail: true }];
}
