/** Analyzers by kind: a new one is its file and a line here. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { EngineError } from "../../base/errors.js";
import type { Rng, Time } from "../../base/ports.js";
import type { AnalyzerConfig } from "../../config/analyzer-config.js";
import { voiceprintAnalyzer, type VerifyVoice } from "../voiceprint/voiceprint-analyzer.js";
import type { Analyzer, AnalyzerNotice } from "./analyzer.js";
import type { AnalyzerLine } from "./remote/analyzer-line.js";
import { RemoteAnalyzer } from "./remote/remote-analyzer.js";
import { abuseAnalyzer } from "./shipped/abuse.js";
import { asrQualityAnalyzer } from "./shipped/asr-quality.js";
import { emotionAnalyzer } from "./shipped/emotion.js";

export type AnalyzerPorts = {
  readonly time: Time;
  readonly rng: Rng;
  readonly observe: (notice: AnalyzerNotice) => void;
  /** Compares a voice with a person's voiceprint, somewhere else. */
  readonly verifyVoice: VerifyVoice;
};

/** What `module` analyzers export. */
export type AnalyzerModule = { readonly createAnalyzer: (name: string) => Analyzer };

/**
 * Makes an analyzer.
 *
 * @throws {EngineError} `ANALYZER_MODULE` when the module cannot be loaded or makes no analyzer
 */
export async function createAnalyzer(
  config: AnalyzerConfig,
  ports: AnalyzerPorts,
): Promise<Analyzer> {
  switch (config.kind) {
    case "emotion":
      return emotionAnalyzer(config.name);
    case "abuse":
      return abuseAnalyzer(config.name);
    case "asr-quality":
      return asrQualityAnalyzer(config.name);
    case "voiceprint":
      return voiceprintAnalyzer({ ...ports, name: config.name, verify: ports.verifyVoice });
    case "module":
      return fromModule(config);
    case "http":
    case "grpc":
      return new RemoteAnalyzer({ ...config, ...ports, line: await lineOf(config, ports.time) });
  }
}

/** What only a service needs is loaded only where there is one. */
async function lineOf(config: AnalyzerConfig, time: Time): Promise<AnalyzerLine> {
  const { kind, url = "", key, caFile, timeoutMs } = config;
  const options = { url, key, ca: caFile === undefined ? undefined : readFileSync(caFile, "utf8") };
  if (kind === "grpc") {
    const { GrpcAnalyzerLine } = await import("./remote/grpc-line.js");
    return new GrpcAnalyzerLine(options);
  }
  const { HttpAnalyzerLine } = await import("./remote/http-line.js");
  return new HttpAnalyzerLine({ ...options, timeoutMs, time });
}

async function fromModule({ module = "", name }: AnalyzerConfig): Promise<Analyzer> {
  try {
    const loaded = (await import(pathToFileURL(module).href)) as Partial<AnalyzerModule>;
    const made = loaded.createAnalyzer?.(name);
    if (typeof made?.open === "function") return made;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw wrong(name, module, `cannot be loaded: ${why}`, { cause });
  }
  throw wrong(name, module, "must export createAnalyzer(name), which returns an analyzer");
}

function wrong(name: string, module: string, why: string, options?: ErrorOptions): EngineError {
  const message = `analyzer "${name}": ${module} ${why}`;
  return new EngineError("ANALYZER_MODULE", message, { name, module }, options);
}
