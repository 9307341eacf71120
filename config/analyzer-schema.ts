/** The shape of `analyzers[]`: something that listens to calls and puts labels on them. */
import { z } from "zod";
import { analyzerKinds } from "./analyzer-kinds.js";
import { limits } from "./limits.js";
import { duration, flag, part, path, secret, serviceUrl, text, whole } from "./schema-parts.js";

export const analyzerPart = part({
  name: text(
    'must be a name: a letter, then letters, digits, "_" or "-", at most 40 characters',
    /^[A-Za-z][A-Za-z0-9_-]{0,39}$/,
  ).optional(),
  kind: z.enum(analyzerKinds, { error: `must be one of ${analyzerKinds.join(", ")}` }),
  module: path.optional(),
  url: serviceUrl.optional(),
  key: secret,
  caFile: path.optional(),
  timeout: duration(limits.analyzer.timeoutMs),
  streamsMax: whole(limits.analyzer.streamsMax),
  audio: flag,
});

export type AnalyzerDraft = z.output<typeof analyzerPart>;
