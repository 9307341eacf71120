/** The node's own voice: it renders the fixed texts of flows, and keeps them on disk. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ErrorData } from "../../base/errors.js";
import type { Rng, Time } from "../../base/ports.js";
import type { Config } from "../../config/schema.js";
import { openEnvelope, sealEnvelope } from "../../storage/envelope.js";
import { loadMasterKey } from "../../storage/master-key.js";
import { openDiskPrompts } from "../../speech/prompts/disk-prompts.js";
import { createPromptStore, type PromptStore } from "../../speech/prompts/prompt-store.js";
import type { PromptEnvelope, RedisPrompts } from "../../speech/prompts/redis-prompts.js";
import type { RecordedPrompts } from "../../speech/prompts/recorded-prompts.js";
import { collectSpeech } from "../../speech/tts/collect-speech.js";
import type { JobPool } from "../jobs/job-pool.js";
import type { Job, ResultOf } from "../jobs/jobs.js";
import { openSynthesizer } from "../shard/open-synthesizer.js";
import { voiceReport, type VoiceReport } from "../shard/voice-report.js";

export type PromptRendering = { readonly store: PromptStore; stop(): void };

export type PromptRenderingOptions = {
  readonly config: Config;
  readonly jobs: JobPool;
  readonly time: Time;
  readonly rng: Rng;
  readonly recorded: RecordedPrompts | undefined;
  readonly report: (report: VoiceReport) => void;
};

/** A prompt that does not come by then is rendered. */
const redisMsMax = 500;
/** The embedded voices; another program that speaks otherwise needs another name here. */
const embeddedSpeaker = "flite 2.3";

/** Opens what is kept on disk. */
export async function openPromptRendering(
  options: PromptRenderingOptions,
): Promise<PromptRendering> {
  const { config, jobs, time, rng, report, recorded } = options;
  const run = async <Kind extends Job["kind"]>(
    job: Extract<Job, { kind: Kind }>,
  ): Promise<ResultOf<Kind>> => (await jobs.run(job)) as ResultOf<Kind>;
  const synthesizer = openSynthesizer(config.synthesis, {
    time,
    rng,
    render: async (piece) => (await run({ kind: "synthesize", request: piece })).audio,
    observe: voiceReport(time, report),
  });
  const { bytesMax, diskBytesMax } = config.prompts;
  const folder = join(config.storage.dataDir, "prompts");
  const failed = (error: object): void =>
    report({ kind: "log", level: "warn", message: "prompts on disk", fields: { ...error } });
  const disk =
    diskBytesMax === 0 ? [] : [await openDiskPrompts({ folder, bytesMax: diskBytesMax, failed })];
  const redis = await redisLayers(config, report);
  const store = createPromptStore({
    bytesMax,
    layers: [...disk, ...redis],
    speaker: speakerOf(config),
    synthesize: (request) => collectSpeech(synthesizer, request),
    encode: async (pcm, format) => (await run({ kind: "encodePrompt", pcm, format })).audio,
    ...(recorded === undefined ? {} : { recorded: (request) => recorded.find(request) }),
  });
  return {
    store,
    stop() {
      synthesizer.close();
      for (const layer of redis) layer.close();
    },
  };
}

/** Loaded only where there is one. */
async function redisLayers(
  { prompts: { redis }, storage }: Config,
  report: PromptRenderingOptions["report"],
): Promise<readonly RedisPrompts[]> {
  if (redis === undefined) return [];
  const { RedisPrompts: Layer } = await import("../../speech/prompts/redis-prompts.js");
  const failed = (error: ErrorData): void =>
    report({ kind: "log", level: "warn", message: "prompts in Redis", fields: { ...error } });
  const { url, keepMs: timeToLiveMs } = redis;
  const envelope = redis.isSealed ? envelopeOf(storage) : undefined;
  return [new Layer({ url, timeToLiveMs, timeoutMs: redisMsMax, envelope, failed })];
}

/** Nodes that share a Redis so share the KEK; to one with another they are no prompts. */
function envelopeOf(storage: Config["storage"]): PromptEnvelope {
  const { promptKey } = loadMasterKey(storage);
  return {
    seal: (key, value) => sealEnvelope(promptKey, key, value),
    open: (key, sealed) => openEnvelope(promptKey, key, sealed),
  };
}

/** All settings that change how a text sounds; no secret, no limit. */
function speakerOf({ synthesis: { vendors, isEmbeddedLast } }: Config): string {
  const voices = vendors.map(({ vendor, url, voices: names, voice, languages, speed, model }) => {
    return { vendor, url, names, voice, languages, speed, model };
  });
  const content = JSON.stringify([embeddedSpeaker, isEmbeddedLast, voices]);
  return createHash("sha256").update(content).digest("hex");
}
