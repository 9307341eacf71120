/**
 * A real model of voices, behind HTTP or gRPC: it makes an embedding of speech, and two are as
 * alike as their cosine. It keeps nothing; templates are ours, sealed.
 *
 * HTTP: `POST {audio, rateHz}` with `audio` as base64 of signed 16-bit little-endian; answer
 * `{"embedding": [numbers], "voicedMs"?: number}`. gRPC: `voiceprint.proto`.
 */
import { fileURLToPath } from "node:url";
import type { Metadata, ServiceError } from "@grpc/grpc-js";
import { packageRoot } from "../../base/compiled-entry.js";
import type { Time } from "../../base/ports.js";
import type { VoiceprintConfig } from "../../config/voiceprint-config.js";
import { JsonService } from "../vendors/json-post.js";
import {
  requireVoice,
  VoiceprintError,
  type VoiceModel,
  type VoicePrint,
  type VoiceprintCode,
} from "./voiceprint.js";

export const voiceprintProto = fileURLToPath(
  new URL("speech/voiceprint/voiceprint.proto", packageRoot),
);

const valuesMin = 8;
const valuesMax = 4096;
/** A minute: a person is known by far less. */
const audioMsMax = 60_000;
/** Where the model says nothing better: measure your own. */
const acceptScore = 0.6;
const rejectScore = 0.4;

type Embedding = { readonly embedding?: unknown; readonly voicedMs?: unknown };
type Embed = (pcm: Buffer, rateHz: number) => Promise<Embedding>;
type Line = { readonly embed: Embed; close(): void };

export type RemoteModelOptions = {
  readonly config: VoiceprintConfig;
  readonly ca?: string | undefined;
  readonly time: Time;
};

/** The model that the configuration names; `kind` must not be `embedded`. */
export async function remoteVoiceModel(options: RemoteModelOptions): Promise<VoiceModel> {
  const { config } = options;
  const line = config.kind === "grpc" ? await grpcLine(options) : httpLine(options);
  return {
    id: `${config.kind}:${config.model ?? "default"}`,
    acceptScore,
    rejectScore,
    print: (samples, rateHz) => printOf(line.embed, samples, rateHz),
    combine,
    score: cosine,
    close: () => line.close(),
  };
}

async function printOf(embed: Embed, samples: Int16Array, rateHz: number): Promise<VoicePrint> {
  const kept = samples.subarray(0, (rateHz * audioMsMax) / 1000);
  const pcm = Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength);
  const { embedding, voicedMs: said } = await embed(pcm, rateHz);
  const isList = Array.isArray(embedding) && embedding.every((one) => Number.isFinite(one));
  const count = isList ? embedding.length : 0;
  if (count < valuesMin || count > valuesMax) {
    const text = `the model sent ${count} values; ${valuesMin} to ${valuesMax} numbers are right`;
    throw new VoiceprintError("VOICEPRINT_PROTOCOL", text, { count });
  }
  const voicedMs = typeof said === "number" && said > 0 ? said : (kept.length * 1000) / rateHz;
  requireVoice(voicedMs);
  return { values: unit(Float32Array.from(embedding as number[])), voicedMs };
}

function unit(values: Float32Array): Float32Array {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
  return values.map((value) => value / length);
}

function combine(prints: readonly VoicePrint[]): VoicePrint {
  const [first] = prints;
  const sum = new Float32Array(first?.values.length ?? 0);
  for (const { values } of prints) values.forEach((value, at) => (sum[at]! += value));
  const voicedMs = prints.reduce((total, print) => total + print.voicedMs, 0);
  return { values: unit(sum), voicedMs };
}

function cosine(one: VoicePrint, other: VoicePrint): number {
  if (one.values.length !== other.values.length) {
    const text = `embeddings of ${one.values.length} and ${other.values.length} values: another model`;
    throw new VoiceprintError("VOICEPRINT_MODEL", text);
  }
  return one.values.reduce((sum, value, at) => sum + value * other.values[at]!, 0);
}

function httpLine({ config, ca, time }: RemoteModelOptions): Line {
  const { url = "", key, timeoutMs } = config;
  const service = new JsonService({ url, key, ca, timeoutMs, time });
  return {
    async embed(pcm, rateHz) {
      const document = { audio: pcm.toString("base64"), rateHz };
      const result = await service.post("", document).answer;
      if (result.isOk) return result.fields;
      const { kind, message } = result.failure;
      const code = `VOICEPRINT_${kind === "REFUSED" ? "VENDOR" : kind}` as VoiceprintCode;
      throw new VoiceprintError(code, message);
    },
    close: () => service.close(),
  };
}

/** gRPC is loaded only where it is used. */
async function grpcLine({ config, ca, time }: RemoteModelOptions): Promise<Line> {
  const { credentialsOf, failureKindOf, loadService, metadataOf } =
    await import("../vendors/grpc-service.js");
  const { url = "", key, timeoutMs } = config;
  const Service = loadService(voiceprintProto, ["voxtree", "voiceprint", "v1", "VoiceModel"]);
  const made: unknown = new Service(new URL(url).host, credentialsOf({ url, ca }));
  const client = made as {
    Embed(
      request: object,
      metadata: Metadata,
      options: object,
      done: (error: ServiceError | null, reply?: Embedding) => void,
    ): void;
    close(): void;
  };
  const embed: Embed = (pcm, rateHz) =>
    new Promise((resolve, reject) => {
      const options = { deadline: time.epochMs() + timeoutMs };
      client.Embed({ pcm, rateHz }, metadataOf({ url, key }), options, (error, reply) => {
        if (error === null) return resolve(reply ?? {});
        const code = `VOICEPRINT_${failureKindOf(error)}` as VoiceprintCode;
        reject(new VoiceprintError(code, error.details.slice(0, 200)));
      });
    });
  return { embed, close: () => client.close() };
}
