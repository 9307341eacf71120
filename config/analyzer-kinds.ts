/** What an analyzer may be: ours, a module of somebody's, or a service. */
export const analyzerKinds = [
  "emotion",
  "abuse",
  "asr-quality",
  "voiceprint",
  "module",
  "http",
  "grpc",
] as const;
export type AnalyzerKind = (typeof analyzerKinds)[number];
