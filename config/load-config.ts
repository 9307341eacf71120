/**
 * What a person writes → `Config`. All mistakes of a file come in one `ConfigError`, in the order
 * in which they stand there:
 *
 *   text → YAML with positions → draft of the right shape → secrets and paths → relations → frozen
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ConfigError, ConfigFileError, type ConfigMistake } from "./config-errors.js";
import { deepFrozen, withDefaults } from "./default-config.js";
import { readDraft } from "./draft.js";
import { fileSchema, type FileDraft } from "./file-schema.js";
import { overridesOf, type FileContext } from "./file-to-config.js";
import { findContradictions } from "./relations.js";
import type { AccessSecrets } from "./access-of-draft.js";
import { said } from "./said.js";
import type { Config } from "./schema.js";
import {
  apiTokenRule,
  passwordRule,
  privateKeyRule,
  readSecret,
  redisUrlRule,
  base64Rule,
  vendorKeyRule,
  type SecretPlace,
} from "./secrets.js";
import { readYamlDocument, type DocumentPath } from "./yaml-document.js";

export type LoadOptions = {
  /** As messages show it; relative paths in the file start at its folder. */
  readonly fileName: string;
  /** Where `{ env: NAME }` looks, usually `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** More than any configuration needs. */
const sourceBytesMax = 1024 * 1024;

/**
 * Reads the text of a configuration file. An empty one gives the defaults.
 *
 * @throws {ConfigError} `CONFIG_INVALID` with every mistake in `mistakes` and `detail.mistakes`
 */
export function loadConfig(source: string, { fileName, env }: LoadOptions): Config {
  const document = readYamlDocument(source, { bytesMax: sourceBytesMax });
  const mistakes: ConfigMistake[] = document.problems.map(({ message, line, column }) => {
    return { path: "", line, column, message };
  });
  const report: Report = (path, message, at) => {
    mistakes.push({ path: path.join("."), ...document.positionOf(path, at), message });
  };
  if (document.value === undefined) throw new ConfigError(fileName, mistakes);
  const { draft, wrongParts, isLeftOut } = readDraft({
    schema: fileSchema,
    value: document.value ?? {},
    isSecret: ([section, key, given, field]) =>
      (section === "http" && key === "apiToken") ||
      (section === "gateway" && key === "access" && /Token$|Key$|Secret$/.test(String(given))) ||
      (section === "recognition" && key === "vendors" && field === "key") ||
      (section === "synthesis" && key === "vendors" && /^(key|secretKey)$/.test(String(field))) ||
      (section === "prompts" && key === "redis" && given === "url") ||
      (section === "analyzers" && given === "key") ||
      (section === "voiceprint" && key === "key") ||
      (section === "trunks" && (given === "password" || given === "signatureSecret")),
  });
  for (const { path, message, at } of wrongParts) report(path, message, at);
  if (draft !== undefined) {
    const folder = dirname(resolve(fileName));
    const secrets = secretsOf(draft, { folder, env, report });
    const config = withDefaults(overridesOf(draft, { folder, ...secrets }));
    checkFiles(draft, { folder, report });
    reportContradictions(config, { draft, isLeftOut, report });
    if (mistakes.length === 0) return deepFrozen(config);
  }
  throw new ConfigError(fileName, inFileOrder(mistakes));
}

/**
 * Reads a configuration file.
 *
 * @throws {ConfigFileError} `CONFIG_FILE` when it cannot be read
 * @throws {ConfigError} `CONFIG_INVALID` when it has mistakes
 */
export function loadConfigFile(fileName: string, env: LoadOptions["env"]): Config {
  let source: string;
  try {
    source = readFileSync(fileName, "utf8");
  } catch (cause) {
    throw new ConfigFileError(`cannot read ${fileName}: ${reason(cause)}`, { fileName }, { cause });
  }
  return loadConfig(source, { fileName, env });
}

type Report = (path: DocumentPath, message: string, at?: "key" | "value") => void;

function secretsOf(
  draft: FileDraft,
  { folder, env, report }: { folder: string; env: LoadOptions["env"]; report: Report },
): Omit<FileContext, "folder"> {
  const read: ReadSecret = (place, path, rule) => {
    if (place === undefined) return undefined;
    const file = place.file === undefined ? undefined : resolve(folder, place.file);
    const reading = readSecret({ env: place.env, file }, env, rule);
    if (reading.ok) return reading.secret;
    report(path, reading.message);
    return undefined;
  };
  const vendors = draft.recognition?.vendors ?? [];
  const voices = draft.synthesis?.vendors ?? [];
  const ofAccess = (name: keyof AccessSecrets, rule = vendorKeyRule): string | undefined =>
    read(draft.gateway?.access?.[name], ["gateway", "access", name], rule);
  return {
    accessSecrets: said({
      twilioAuthToken: ofAccess("twilioAuthToken"),
      vonageSignatureSecret: ofAccess("vonageSignatureSecret"),
      audiohookApiKey: ofAccess("audiohookApiKey"),
      audiohookSecret: ofAccess("audiohookSecret", base64Rule),
    }),
    apiToken: read(draft.http?.apiToken, ["http", "apiToken"], apiTokenRule),
    redisUrl: read(draft.prompts?.redis?.url, ["prompts", "redis", "url"], redisUrlRule),
    voiceModelKey: read(draft.voiceprint?.key, ["voiceprint", "key"], vendorKeyRule),
    analyzerKeys: (draft.analyzers ?? []).map(({ key }, index) =>
      read(key, ["analyzers", index, "key"], vendorKeyRule),
    ),
    vendorKeys: vendors.map(({ key }, index) =>
      read(key, ["recognition", "vendors", index, "key"], vendorKeyRule),
    ),
    voiceKeys: voices.map(({ key, secretKey }, index) => {
      const path = (field: string) => ["synthesis", "vendors", index, field];
      return {
        key: read(key, path("key"), vendorKeyRule),
        secretKey: read(secretKey, path("secretKey"), vendorKeyRule),
      };
    }),
    ...trunkSecretsOf(draft, read),
  };
}

type ReadSecret = (
  place: SecretPlace | undefined,
  path: DocumentPath,
  rule: typeof apiTokenRule,
) => string | undefined;

function trunkSecretsOf(
  { trunks = [] }: FileDraft,
  read: ReadSecret,
): Pick<FileContext, "trunkPasswords" | "trunkSignatureSecrets"> {
  return {
    trunkPasswords: trunks.map(({ kind, password }, index) => {
      const rule = kind === "vonage" ? privateKeyRule : passwordRule;
      return read(password, ["trunks", index, "password"], rule);
    }),
    trunkSignatureSecrets: trunks.map(({ signatureSecret }, index) =>
      read(signatureSecret, ["trunks", index, "signatureSecret"], passwordRule),
    ),
  };
}

/** Files that the engine would miss only later, when its threads are already up. */
function checkFiles(draft: FileDraft, { folder, report }: { folder: string; report: Report }) {
  const check = (path: DocumentPath, file: string) => {
    const absolute = resolve(folder, file);
    if (!existsSync(absolute)) report(path, `there is no ${absolute}`);
  };
  draft.flows?.forEach((file, index) => {
    if (file !== "shipped") check(["flows", index], file);
  });
  draft.trunks?.forEach(({ scripts }, trunkIndex) => {
    scripts?.forEach((file, index) => check(["trunks", trunkIndex, "scripts", index], file));
  });
  for (const part of ["gateway", "http"] as const) {
    const { cert, key } = draft[part]?.tls ?? {};
    if (cert !== undefined) check([part, "tls", "cert"], cert);
    if (key !== undefined) check([part, "tls", "key"], key);
    if ((cert === undefined) !== (key === undefined)) {
      report([part, "tls"], "must have cert and key, both");
    }
  }
  const { recordings } = draft.prompts ?? {};
  if (recordings !== undefined) check(["prompts", "recordings"], recordings);
  const { caFile: voiceModelCa } = draft.voiceprint ?? {};
  if (voiceModelCa !== undefined) check(["voiceprint", "caFile"], voiceModelCa);
  draft.analyzers?.forEach(({ module, caFile }, index) => {
    if (module !== undefined) check(["analyzers", index, "module"], module);
    if (caFile !== undefined) check(["analyzers", index, "caFile"], caFile);
  });
  const { modelDir } = draft.recognition ?? {};
  if (modelDir !== undefined) check(["recognition", "modelDir"], modelDir);
  draft.recognition?.vendors?.forEach(({ caFile }, index) => {
    if (caFile !== undefined) check(["recognition", "vendors", index, "caFile"], caFile);
  });
  draft.synthesis?.vendors?.forEach(({ caFile, program }, index) => {
    if (caFile !== undefined) check(["synthesis", "vendors", index, "caFile"], caFile);
    if (program !== undefined) check(["synthesis", "vendors", index, "program"], program);
  });
}

/** Relations between values of which one is already reported as wrong would only confuse. */
function reportContradictions(
  config: Config,
  {
    draft,
    isLeftOut,
    report,
  }: {
    draft: FileDraft;
    isLeftOut: (path: DocumentPath) => boolean;
    report: Report;
  },
): void {
  const hasToken = draft.http?.apiToken !== undefined;
  for (const { path, dependsOn, message } of findContradictions(config)) {
    if ([path, ...dependsOn].some(isLeftOut)) continue;
    // The token is there and unreadable, which has been said.
    if (hasToken && dependsOn.some((other) => other.join(".") === "http.apiToken")) continue;
    report(path, message);
  }
}

function inFileOrder(mistakes: readonly ConfigMistake[]): ConfigMistake[] {
  return [...mistakes].sort(
    (one, other) => (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0),
  );
}

function reason(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "it does not exist";
  if (code === "EACCES") return "no permission to read it";
  if (code === "EISDIR") return "it is a folder";
  return cause instanceof Error ? cause.message : String(cause);
}
