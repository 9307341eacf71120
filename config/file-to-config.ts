/** The words of the file → the names of `Config`: relative paths become absolute. */
import { resolve } from "node:path";
import { accessOf, tlsOf, type AccessSecrets } from "./access-of-draft.js";
import { analyzerOf } from "./analyzer-config.js";
import { recognitionVendor, voiceVendor, type ConfigOverrides } from "./default-config.js";
import type { FileDraft } from "./file-schema.js";
import { limits } from "./limits.js";
import { said } from "./said.js";
import { hearingConfigOf } from "./hearing-config.js";
import { voiceprintOf } from "./voiceprint-config.js";
import { trunkOf } from "./trunk-of-draft.js";

export type VoiceKeys = {
  readonly key: string | undefined;
  readonly secretKey: string | undefined;
};

export type FileContext = {
  /** Folder of the configuration file, absolute: relative paths start here. */
  readonly folder: string;
  /** The secret that `http.apiToken` refers to. */
  readonly apiToken: string | undefined;
  readonly accessSecrets: AccessSecrets;
  /** The secrets of `trunks`, at their places. */
  readonly trunkPasswords: readonly (string | undefined)[];
  readonly trunkSignatureSecrets: readonly (string | undefined)[];
  /** The secret of `prompts.redis.url`. */
  readonly redisUrl: string | undefined;
  readonly voiceModelKey: string | undefined;
  /** The secrets of `analyzers`, at their places. */
  readonly analyzerKeys: readonly (string | undefined)[];
  /** The secrets of `recognition.vendors`, at their places. */
  readonly vendorKeys: readonly (string | undefined)[];
  /** The secrets of `synthesis.vendors`, at their places. */
  readonly voiceKeys: readonly VoiceKeys[];
};

/** Pure: what a file says, as overrides of the defaults. */
export function overridesOf(draft: FileDraft, context: FileContext): ConfigOverrides {
  const { folder, apiToken } = context;
  const { threads = {}, calls = {}, storage = {} } = draft;
  const absolute = (path: string) => resolve(folder, path);
  const lists = {
    flows: draft.flows?.map((path) => (path === "shipped" ? path : absolute(path))),
    analyzers: draft.analyzers?.map((one, index) =>
      analyzerOf(one, { folder, key: context.analyzerKeys[index] }),
    ),
    trunks: draft.trunks?.map((trunk, index) => trunkOf(trunk, index, context)),
  };
  return {
    gateway: gatewayOf(draft, context),
    http: said({
      host: draft.http?.host,
      port: draft.http?.port,
      apiToken,
      tls: tlsOf(draft.http?.tls, folder),
    }),
    threads: said({
      shardCount: threads.shards,
      jobWorkerCount: threads.jobWorkers,
      shardHeapMbMax: threads.heapMbMax,
    }),
    calls: said({
      callsMax: calls.max,
      ringMsMax: calls.ringMax,
      answerMsMax: calls.answerMax,
      durationMsMax: calls.durationMax,
    }),
    recognition: recognitionOf(draft, context),
    synthesis: synthesisOf(draft, context),
    hearing: hearingConfigOf(draft.hearing ?? {}),
    voiceprint: voiceprintOf(draft.voiceprint ?? {}, { folder, key: context.voiceModelKey }),
    storage: said({
      dataDir: mapped(storage.dataDir, absolute),
      kekFile: mapped(storage.kekFile, absolute),
    }),
    recording: said({ isEnabled: draft.recording?.enabled }),
    prompts: promptsOf(draft, context),
    log: said({ level: draft.log?.level, isPretty: draft.log?.pretty }),
    ...said(lists),
  };
}

function promptsOf(
  { prompts = {} }: FileDraft,
  { folder, redisUrl }: FileContext,
): NonNullable<ConfigOverrides["prompts"]> {
  const redis = mapped(redisUrl, (url) => ({
    url,
    keepMs: prompts.redis?.keep ?? limits.prompts.redisKeepMs.default,
    isSealed: prompts.redis?.sealed ?? false,
  }));
  const recordings = mapped(prompts.recordings, (path) => resolve(folder, path));
  return said({ ...prompts, redis, recordings });
}

function gatewayOf(
  { gateway = {} }: FileDraft,
  { folder, accessSecrets }: FileContext,
): NonNullable<ConfigOverrides["gateway"]> {
  const { handshake, start, resumeGrace, idle, playoutLead, tls, access, ...same } = gateway;
  return said({
    ...same,
    tls: tlsOf(tls, folder),
    access: accessOf(access, accessSecrets),
    handshakeMsMax: handshake,
    startMsMax: start,
    resumeGraceMs: resumeGrace,
    idleMsMax: idle,
    playoutLeadMs: playoutLead,
  });
}

function synthesisOf(
  { synthesis = {} }: FileDraft,
  { folder, voiceKeys }: FileContext,
): NonNullable<ConfigOverrides["synthesis"]> {
  const absolute = (path: string) => resolve(folder, path);
  const vendors = synthesis.vendors?.map(
    (
      { connect, firstSound, stall, caFile, program, vendor, key: _, secretKey: __, ...same },
      index,
    ) =>
      voiceVendor({
        vendor,
        ...said({
          ...same,
          ...voiceKeys[index],
          connectMsMax: connect,
          firstSoundMsMax: firstSound,
          stallMsMax: stall,
          caFile: mapped(caFile, absolute),
          program: mapped(program, absolute),
        }),
      }),
  );
  const { embeddedLast: isEmbeddedLast, choose } = synthesis;
  return said({ vendors, isEmbeddedLast, choose });
}

function recognitionOf(
  { recognition = {} }: FileDraft,
  { folder, vendorKeys }: FileContext,
): NonNullable<ConfigOverrides["recognition"]> {
  const vendors = recognition.vendors?.map(
    ({ warm, connect, final, rates, closedGrammar, caFile, vendor, url, ...same }, index) =>
      recognitionVendor({
        vendor,
        url,
        ...said({
          ...same,
          key: vendorKeys[index],
          warmCount: warm,
          connectMsMax: connect,
          finalMsMax: final,
          ratesHz: rates,
          isGrammarClosed: closedGrammar,
          caFile: mapped(caFile, (path) => resolve(folder, path)),
        }),
      }),
  );
  return said({
    isEnabled: recognition.enabled,
    processCount: recognition.processes,
    decodersPerProcess: recognition.decodersPerProcess,
    modelDir: mapped(recognition.modelDir, (path) => resolve(folder, path)),
    vendors,
    isEmbeddedLast: recognition.embeddedLast,
    choose: recognition.choose,
    hedgeMs: recognition.hedge,
  });
}

function mapped<From, To>(value: From | undefined, to: (value: From) => To): To | undefined {
  return value === undefined ? undefined : to(value);
}
