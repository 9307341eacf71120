/** Analyzers of the configuration: what there is without a word about them, and what files add. */
import { resolve } from "node:path";
import type { AnalyzerKind } from "./analyzer-kinds.js";
import { limits } from "./limits.js";
import type { Contradiction } from "./relations.js";
import { said } from "./said.js";
import type { Config } from "./schema.js";
import type { AnalyzerDraft } from "./analyzer-schema.js";

/** Something that listens to calls and puts labels on them. */
export type AnalyzerConfig = {
  /** As flows name it; unique. */
  readonly name: string;
  readonly kind: AnalyzerKind;
  /** `module`: a file that exports `createAnalyzer(name)`; absolute path. */
  readonly module?: string;
  /** `http`, `grpc`: `http:` or `https:`. */
  readonly url?: string;
  /** Secret. */
  readonly key?: string;
  /** Certificates to trust instead of the system's: PEM file, absolute path. */
  readonly caFile?: string;
  /** `http`, `grpc`: from the end of a turn to its labels. */
  readonly timeoutMs: number;
  /** `http`, `grpc`: calls at once, of the whole node. */
  readonly streamsMax: number;
  /** `http`, `grpc`: whether it gets the callee's voice, or only the texts. */
  readonly sendsAudio: boolean;
};

/** Those that come with the package, named as their kinds: flows may always ask for them. */
export const shippedAnalyzers = ["emotion", "abuse", "asr-quality", "voiceprint"] as const;

/** An analyzer with what is left out at its default; its name is that of its kind. */
export function analyzer(
  given: Pick<AnalyzerConfig, "kind"> & Partial<AnalyzerConfig>,
): AnalyzerConfig {
  const { timeoutMs, streamsMax } = limits.analyzer;
  return {
    name: given.kind,
    timeoutMs: timeoutMs.default,
    streamsMax: streamsMax.default,
    sendsAudio: true,
    ...given,
  };
}

/** Those of the configuration, and the shipped ones whose names are not taken. */
export function withShipped(given: readonly AnalyzerConfig[] = []): readonly AnalyzerConfig[] {
  const names = new Set(given.map(({ name }) => name));
  const others = shippedAnalyzers.filter((kind) => !names.has(kind));
  return [...given, ...others.map((kind) => analyzer({ kind }))];
}

export function analyzerOf(
  draft: AnalyzerDraft,
  { folder, key }: { readonly folder: string; readonly key: string | undefined },
): AnalyzerConfig {
  const { kind, module, caFile, timeout, audio, key: _, ...same } = draft;
  const absolute = (path: string | undefined) =>
    path === undefined ? undefined : resolve(folder, path);
  const changed = { key, module: absolute(module), caFile: absolute(caFile) };
  return analyzer({
    kind,
    ...said({ ...same, ...changed, timeoutMs: timeout, sendsAudio: audio }),
  });
}

const owners = {
  module: ["module"],
  url: ["http", "grpc"],
  key: ["http", "grpc"],
  caFile: ["http", "grpc"],
} as const satisfies Partial<Record<keyof AnalyzerConfig, readonly AnalyzerKind[]>>;

/** Which settings an analyzer needs, and which mean nothing to it. */
export function analyzerSettings({ analyzers }: Config): Contradiction[] {
  return analyzers.flatMap((config, index) => {
    const { kind, name } = config;
    const at = (key: string) => ["analyzers", index, key] as const;
    const keys = Object.entries(owners) as [keyof typeof owners, readonly string[]][];
    const wrong = keys.flatMap(([key, kinds]): [string, string][] => {
      const isOwner = kinds.includes(kind);
      const isThere = config[key] !== undefined;
      const isNeeded = key === "module" || key === "url";
      if (isOwner && !isThere && isNeeded) return [[key, `is needed for ${kind}`]];
      if (isOwner || !isThere) return [];
      return [[key, `means nothing to ${kind}, only to ${kinds.join(", ")}`]];
    });
    const isTwice = analyzers.findIndex((other) => other.name === name) !== index;
    if (isTwice) wrong.push(["name", `"${name}" is taken by another analyzer`]);
    return wrong.map(([key, message]) => ({ path: at(key), dependsOn: [], message }));
  });
}
