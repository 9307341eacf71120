/** The model of voices, embedded or a service: its shape in a file, defaults, relations. */
import { resolve } from "node:path";
import { z } from "zod";
import { limits } from "./limits.js";
import type { Contradiction } from "./relations.js";
import { said } from "./said.js";
import type { Config } from "./schema.js";
import { duration, path, secret, section, serviceUrl, text } from "./schema-parts.js";

export const voiceModelKinds = ["embedded", "http", "grpc"] as const;

export type VoiceprintConfig = {
  readonly kind: (typeof voiceModelKinds)[number];
  /** `http`, `grpc`: `http:` or `https:`. */
  readonly url?: string;
  /** Secret. */
  readonly key?: string;
  /** Certificates to trust instead of the system's: PEM file, absolute path. */
  readonly caFile?: string;
  /** Name and version of the service's model: another one wants everybody enrolled anew. */
  readonly model?: string;
  /** `http`, `grpc`: from the request to the answer. */
  readonly timeoutMs: number;
  /** Scores from which on it is the person, and below which it is another; absent: the model's. */
  readonly acceptScore?: number;
  readonly rejectScore?: number;
};

export const voiceprintDefaults: VoiceprintConfig = {
  kind: "embedded",
  timeoutMs: limits.voiceprint.timeoutMs.default,
};

const score = z.number({ error: "must be a number, as the model's scores are" }).optional();

export const voiceprintSection = section({
  kind: z
    .enum(voiceModelKinds, { error: `must be one of ${voiceModelKinds.join(", ")}` })
    .optional(),
  url: serviceUrl.optional(),
  key: secret,
  caFile: path.optional(),
  model: text("must be the name of a model", /^[\w.:/-]{1,80}$/).optional(),
  timeout: duration(limits.voiceprint.timeoutMs),
  accept: score,
  reject: score,
});

type VoiceprintDraft = NonNullable<z.output<typeof voiceprintSection>>;

export function voiceprintOf(
  { timeout, accept, reject, caFile, key: _, ...same }: VoiceprintDraft,
  { folder, key }: { readonly folder: string; readonly key: string | undefined },
): Partial<VoiceprintConfig> {
  const file = caFile === undefined ? undefined : resolve(folder, caFile);
  const changed = { timeoutMs: timeout, acceptScore: accept, rejectScore: reject };
  return said({ ...same, ...changed, key, caFile: file });
}

export function voiceprintSettings({ voiceprint }: Config): Contradiction[] {
  const { kind, url, acceptScore, rejectScore } = voiceprint;
  const at = (key: string, message: string): Contradiction => {
    return { path: ["voiceprint", key], dependsOn: [["voiceprint", "kind"]], message };
  };
  const isEmbedded = kind === "embedded";
  const useless = (["url", "key", "caFile", "model"] as const)
    .filter((key) => isEmbedded && voiceprint[key] !== undefined)
    .map((key) => at(key, "means nothing to embedded, only to http, grpc"));
  const isMissing = !isEmbedded && url === undefined;
  const isCrossed =
    acceptScore !== undefined && rejectScore !== undefined && rejectScore > acceptScore;
  return [
    ...useless,
    ...(isMissing ? [at("url", `is needed for ${kind}`)] : []),
    ...(isCrossed ? [at("reject", `must not be over accept, ${acceptScore}`)] : []),
  ];
}
