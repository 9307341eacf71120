/** What may listen to the calls of a shard, by name. Only what some flow asks for is made. */
import type { AnalyzerConfig } from "../../config/analyzer-config.js";
import type { Analyzer } from "../../speech/analyzers/analyzer.js";
import { createAnalyzer, type AnalyzerPorts } from "../../speech/analyzers/analyzer-registry.js";

export type OpenAnalyzers = ReadonlyMap<string, Analyzer>;

/** @param configs with this shard's part of the streams */
export async function openAnalyzers(
  configs: readonly AnalyzerConfig[],
  ports: AnalyzerPorts,
): Promise<OpenAnalyzers> {
  const analyzers = await Promise.all(configs.map((config) => createAnalyzer(config, ports)));
  return new Map(configs.map(({ name }, index) => [name, analyzers[index]!]));
}
