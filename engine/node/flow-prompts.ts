/**
 * Renders the fixed texts of all flows before the first call, in the formats that most calls use,
 * and hands them to the threads. What no installed voice can speak is reported, not hidden.
 */
import { toErrorData, type ErrorData } from "../../base/errors.js";
import { formatKey, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import type { PreloadFailure } from "../../speech/prompts/prompt-preload.js";
import { createPromptStore } from "../../speech/prompts/prompt-store.js";
import { promptId } from "../../speech/prompts/prompt-id.js";
import type { PromptData } from "../control/messages.js";
import type { JobPool } from "../jobs/job-pool.js";
import type { Job, ResultOf } from "../jobs/jobs.js";

/** Native clients and Twilio; a call in another format has its prompts streamed. */
const formats: readonly AudioFormat[] = [
  { codec: "l16", rateHz: 16000 },
  { codec: "pcmu", rateHz: 8000 },
];

export type FlowPromptsOptions = {
  readonly flows: readonly CompiledFlow[];
  readonly bytesMax: number;
  readonly jobs: JobPool;
  readonly add: (prompt: PromptData) => void;
  readonly progress: (text: string) => void;
};

/** What a call of this flow is told that the engine has to end. */
export function offlinePromptId({ offline: text, voice, language }: CompiledFlow): string {
  return promptId({ text, voice, language });
}

/** @returns why a flow cannot be spoken, by flow id; empty when all can */
export async function renderFlowPrompts(
  options: FlowPromptsOptions,
): Promise<ReadonlyMap<string, ErrorData>> {
  const { flows, bytesMax, jobs, progress } = options;
  const run = async <Kind extends Job["kind"]>(
    job: Extract<Job, { kind: Kind }>,
  ): Promise<ResultOf<Kind>> => (await jobs.run(job)) as ResultOf<Kind>;
  const store = createPromptStore({
    bytesMax,
    synthesize: async (request) => (await run({ kind: "synthesize", request })).audio,
    encode: async (pcm, format) => (await run({ kind: "encodePrompt", pcm, format })).audio,
  });
  const unspeakable = new Map<string, ErrorData>();
  for (const flow of flows) {
    const { voice, language } = flow;
    const requests = flow.fixedPrompts.map((text) => ({ text, voice, language }));
    const offline = { text: flow.offline, voice, language };
    try {
      await store.preload(requests, formats, ({ done, total }) =>
        progress(`prompts of ${flow.id}: ${done} of ${total}`),
      );
    } catch (error) {
      unspeakable.set(flow.id, firstCause(toErrorData(error)));
      continue;
    }
    // Without its last words a call just ends; nothing else depends on them.
    await store.preload([offline], formats).catch(() => undefined);
    for (const request of [...requests, offline]) {
      for (const format of formats) addPrompt(promptId(request), format);
    }
  }
  return unspeakable;

  function addPrompt(id: string, format: AudioFormat): void {
    const prompt = store.get(id, format);
    if (prompt === undefined) return;
    options.add({ promptId: id, formatKey: formatKey(format), audio: prompt.audio });
  }
}

/** Every prompt of a flow without a voice fails alike: the first one tells why. */
function firstCause(error: ErrorData): ErrorData {
  const failures = error.detail["failures"] as readonly PreloadFailure[] | undefined;
  return failures?.[0]?.error ?? error;
}
