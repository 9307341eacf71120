/**
 * Voiceprints, in a job thread: speech comes from recordings or from a call that is live, templates
 * are sealed with the person's key. Nothing of it ever runs in a shard.
 */
import { readFileSync } from "node:fs";
import { nodeTime } from "../../base/node-ports.js";
import type { VoiceprintConfig } from "../../config/voiceprint-config.js";
import { embeddedVoiceModel } from "../../speech/voiceprint/embedded-model.js";
import { decodeTemplate, encodeTemplate } from "../../speech/voiceprint/template.js";
import {
  verdictOf,
  VoiceprintError,
  type VoiceModel,
  type VoicePrint,
  type VoiceVerdict,
} from "../../speech/voiceprint/voiceprint.js";
import { createAesSealer } from "../../storage/aes-sealer.js";
import { readRecording } from "../../storage/recordings/recording-files.js";
import { voiceprintFiles, type VoiceprintFiles } from "../../storage/voiceprint-files.js";
import type { JobWorkerData } from "./jobs.js";

/** What a person says in one call, or in several. */
export type VoiceSource =
  | { readonly callIds: readonly string[] }
  | { readonly samples: Int16Array; readonly rateHz: number };

export class VoiceprintJobs {
  readonly #data: JobWorkerData;
  readonly #files: VoiceprintFiles;
  #model: Promise<VoiceModel> | undefined;

  constructor(data: JobWorkerData) {
    this.#data = data;
    this.#files = voiceprintFiles(data.dataDir, createAesSealer(data));
  }

  /** Replaces the person's template. @returns voice that it was made of, in ms */
  async enrol(userId: string, source: VoiceSource): Promise<number> {
    const model = await this.#load();
    const print = await this.#printOf(model, userId, source);
    this.#files.put(userId, encodeTemplate(model, print));
    return print.voicedMs;
  }

  /** @throws {VoiceprintError} `VOICEPRINT_UNKNOWN` and others */
  async verify(userId: string, source: VoiceSource): Promise<VoiceVerdict> {
    const model = await this.#load();
    const stored = this.#files.get(userId);
    if (stored === undefined) {
      throw new VoiceprintError("VOICEPRINT_UNKNOWN", "this person has no voiceprint");
    }
    const template = decodeTemplate(model, stored);
    const print = await this.#printOf(model, userId, source);
    const score = model.score(template, print);
    const { acceptScore, rejectScore } = { ...model, ...thresholdsOf(this.#data.voiceprint) };
    const verdict = verdictOf(score, { acceptScore, rejectScore }, print.isNoisy);
    return { verdict, score, voicedMs: print.voicedMs };
  }

  forget(userId: string): boolean {
    return this.#files.remove(userId);
  }

  async #printOf(model: VoiceModel, userId: string, source: VoiceSource): Promise<VoicePrint> {
    if ("samples" in source) return model.print(source.samples, source.rateHz);
    const { dataDir, kekFile } = this.#data;
    const prints: VoicePrint[] = [];
    for (const callId of source.callIds) {
      const { header, samples } = readRecording({ dataDir, kekFile, userId, callId });
      prints.push(await model.print(leftOf(samples, header.channels), header.rateHz));
    }
    return prints.length === 1 ? prints[0]! : model.combine(prints);
  }

  #load(): Promise<VoiceModel> {
    return (this.#model ??= loadModel(this.#data.voiceprint));
  }
}

async function loadModel(config: VoiceprintConfig): Promise<VoiceModel> {
  if (config.kind === "embedded") return embeddedVoiceModel();
  const { remoteVoiceModel } = await import("../../speech/voiceprint/remote-model.js");
  const ca = config.caFile === undefined ? undefined : readFileSync(config.caFile, "utf8");
  return remoteVoiceModel({ config, ca, time: nodeTime() });
}

function thresholdsOf({ acceptScore, rejectScore }: VoiceprintConfig) {
  return {
    ...(acceptScore === undefined ? {} : { acceptScore }),
    ...(rejectScore === undefined ? {} : { rejectScore }),
  };
}

/** The callee's side of a recording. */
function leftOf(samples: Int16Array, channels: number): Int16Array {
  if (channels === 1) return samples;
  return Int16Array.from({ length: samples.length / channels }, (_, at) => samples[at * channels]!);
}
