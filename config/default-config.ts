/** The configuration of somebody who wrote none, and of programs that change a part of it. */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { findContradictions } from "./relations.js";
import { withShipped } from "./analyzer-config.js";
import { hearingDefaults } from "./hearing-config.js";
import { voiceprintDefaults } from "./voiceprint-config.js";
import { ConfigError } from "./config-errors.js";
import { limits, shardCountFor } from "./limits.js";
import type { Config, RecognitionVendorConfig, VoiceVendorConfig } from "./schema.js";

/** Parts of a configuration: what is left out keeps its default. Lists are replaced whole. */
export type ConfigOverrides = {
  readonly [Section in keyof Config]?: Config[Section] extends readonly unknown[]
    ? Config[Section]
    : Partial<Config[Section]>;
};

/**
 * The default configuration with `overrides` over it, frozen. Paths of the defaults are under the
 * working directory; `storage.kekFile` follows `storage.dataDir`, and `calls.answerMsMax` follows
 * `calls.ringMsMax`.
 *
 * @throws {ConfigError} `CONFIG_INVALID` when the parts contradict each other; ranges of single
 *   values are the caller's to keep
 */
export function defaultConfig(overrides: ConfigOverrides = {}): Config {
  const config = withDefaults(overrides);
  const mistakes = findContradictions(config).map(({ path, message }) => {
    return { path: path.join("."), message };
  });
  if (mistakes.length > 0) throw new ConfigError("the configuration", mistakes);
  return deepFrozen(config);
}

/** Fills in what `overrides` leave out; whether the whole fits together is not checked here. */
export function withDefaults(overrides: ConfigOverrides): Config {
  const dataDir = resolve(overrides.storage?.dataDir ?? "data");
  return {
    gateway: {
      ...gatewayDefaults,
      ...overrides.gateway,
      access: { ...accessDefaults, ...overrides.gateway?.access },
    },
    http: { host: "127.0.0.1", port: limits.http.port.default, ...overrides.http },
    threads: {
      shardCount: shardCountFor(availableParallelism()),
      jobWorkerCount: limits.threads.jobWorkerCount.default,
      ...overrides.threads,
    },
    calls: {
      callsMax: limits.calls.callsMax.default,
      ringMsMax: limits.calls.ringMsMax.default,
      answerMsMax: (overrides.calls?.ringMsMax ?? limits.calls.ringMsMax.default) + pickUpMsMax,
      durationMsMax: limits.calls.durationMsMax.default,
      ...overrides.calls,
    },
    recognition: {
      isEnabled: true,
      processCount: limits.recognition.processCount.default,
      decodersPerProcess: limits.recognition.decodersPerProcess.default,
      vendors: [],
      isEmbeddedLast: false,
      choose: "inOrder",
      ...overrides.recognition,
    },
    synthesis: { vendors: [], isEmbeddedLast: true, choose: "inOrder", ...overrides.synthesis },
    analyzers: withShipped(overrides.analyzers),
    hearing: { ...hearingDefaults, ...overrides.hearing },
    voiceprint: { ...voiceprintDefaults, ...overrides.voiceprint },
    storage: { kekFile: join(dataDir, "kek"), ...overrides.storage, dataDir },
    recording: { isEnabled: true, ...overrides.recording },
    flows: overrides.flows ?? ["shipped"],
    prompts: {
      bytesMax: limits.prompts.bytesMax.default,
      diskBytesMax: limits.prompts.diskBytesMax.default,
      ...overrides.prompts,
    },
    trunks: overrides.trunks ?? [{ kind: "loopback", name: "loopback" }],
    log: { level: "info", isPretty: false, ...overrides.log },
  };
}

/** From the answer to the open media stream, unless `calls.answerMsMax` says otherwise. */
const pickUpMsMax = 15_000;

/** Everybody may come, at a bounded rate. */
export const accessDefaults: Config["gateway"]["access"] = {
  allow: [],
  proxies: [],
  origins: [],
  upgradesPerSecond: limits.access.upgradesPerSecond.default,
  failuresPerMinute: limits.access.failuresPerMinute.default,
};

const gatewayDefaults: Config["gateway"] = {
  host: "127.0.0.1",
  port: limits.gateway.port.default,
  transport: "auto",
  connectionsMax: limits.gateway.connectionsMax.default,
  streamsMax: limits.gateway.streamsMax.default,
  messageBytesMax: limits.gateway.messageBytesMax.default,
  bufferedBytesMax: limits.gateway.bufferedBytesMax.default,
  handshakeMsMax: limits.gateway.handshakeMsMax.default,
  startMsMax: limits.gateway.startMsMax.default,
  resumeGraceMs: limits.gateway.resumeGraceMs.default,
  idleMsMax: limits.gateway.idleMsMax.default,
  playoutLeadMs: limits.gateway.playoutLeadMs.default,
  access: accessDefaults,
};

/** A network recogniser with what is left out at its default; its name is that of its vendor. */
export function recognitionVendor(
  given: Pick<RecognitionVendorConfig, "vendor" | "url"> & Partial<RecognitionVendorConfig>,
): RecognitionVendorConfig {
  const { streamsMax, warmCount, connectMsMax, finalMsMax } = limits.recognitionVendor;
  return {
    name: given.vendor,
    streamsMax: streamsMax.default,
    warmCount: warmCount.default,
    connectMsMax: connectMsMax.default,
    finalMsMax: finalMsMax.default,
    ...given,
  };
}

/** A voice with what is left out at its default; its name is that of its vendor. */
export function voiceVendor(
  given: Pick<VoiceVendorConfig, "vendor"> & Partial<VoiceVendorConfig>,
): VoiceVendorConfig {
  const { streamsMax, connectMsMax, firstSoundMsMax, stallMsMax } = limits.voiceVendor;
  return {
    name: given.vendor,
    streamsMax: streamsMax.default,
    connectMsMax: connectMsMax.default,
    firstSoundMsMax: firstSoundMsMax.default,
    stallMsMax: stallMsMax.default,
    speed: 1,
    ...given,
  };
}

/** Freezes a tree of plain objects and lists, in place. */
export function deepFrozen<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(deepFrozen);
  return Object.freeze(value);
}
