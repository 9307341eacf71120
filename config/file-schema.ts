/**
 * The shape of a configuration file. Every part may be left out, and one wrong value hides no
 * other; units become milliseconds and bytes here, so that the checks see numbers. The messages
 * say what is right, and `draft.ts` adds what was given.
 */
import { isIP } from "node:net";
import { z } from "zod";
import { access, tls } from "./access-schema.js";
import { analyzerPart } from "./analyzer-schema.js";
import { hearingSection } from "./hearing-config.js";
import { limits } from "./limits.js";
import {
  duration,
  flag,
  listOf,
  part,
  path,
  secret,
  section,
  size,
  text,
  whole,
} from "./schema-parts.js";
import type { LogLevel, TransportName } from "./schema.js";
import { suggestion } from "./suggestion.js";
import { trunk } from "./trunk-schema.js";
import { recognitionVendor } from "./vendor-schema.js";
import { voiceVendor } from "./voice-schema.js";
import { voiceprintSection } from "./voiceprint-config.js";

const hostRule = "must be an address or a host name, like 127.0.0.1";
const host = z
  .string({ error: hostRule })
  .refine((given) => isIP(given) !== 0 || hostName.test(given), { error: hostRule })
  .optional();
/** RFC 1123 section 2.1; four numbers that are no address are a mistyped one. */
const hostName =
  /^(?![\d.]+$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

const urlRule = 'must be a ws:// or wss:// URL without query, like "wss://voice.example.com"';
const mediaUrl = z
  .string({ error: urlRule })
  .refine(isMediaUrl, { error: urlRule })
  .transform((url) => url.replace(/\/+$/, ""))
  .optional();

function isMediaUrl(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, search, hash, username } = new URL(given);
  return /^wss?:$/.test(protocol) && search === "" && hash === "" && username === "";
}

const flowRule = 'must be "shipped", or the path of a ".yaml" or ".yml" file';
const flowPath = text(flowRule, /^(shipped|[^\0]+\.ya?ml)$/);

function oneOf<const Name extends string>(names: readonly Name[]) {
  return z
    .enum(names, {
      error: ({ input }) => {
        const hint = typeof input === "string" ? suggestion(input, names) : "";
        return `must be one of ${names.join(", ")}${hint}`;
      },
    })
    .optional();
}

const transports = ["auto", "lean", "ws", "uws"] as const satisfies readonly TransportName[];
const levels = [
  "trace",
  "debug",
  "info",
  "warn",
  "error",
  "silent",
] as const satisfies readonly LogLevel[];

/** The whole file. */
export const fileSchema = part({
  gateway: section({
    host,
    port: whole(limits.gateway.port),
    transport: oneOf(transports),
    audioSocketPort: whole(limits.gateway.audioSocketPort),
    connectionsMax: whole(limits.gateway.connectionsMax),
    streamsMax: whole(limits.gateway.streamsMax),
    messageBytesMax: size(limits.gateway.messageBytesMax),
    bufferedBytesMax: size(limits.gateway.bufferedBytesMax),
    handshake: duration(limits.gateway.handshakeMsMax),
    start: duration(limits.gateway.startMsMax),
    resumeGrace: duration(limits.gateway.resumeGraceMs),
    idle: duration(limits.gateway.idleMsMax),
    playoutLead: duration(limits.gateway.playoutLeadMs),
    advertisedUrl: mediaUrl,
    tls,
    access,
  }),
  http: section({ host, port: whole(limits.http.port), apiToken: secret, tls }),
  threads: section({
    shards: whole(limits.threads.shardCount),
    jobWorkers: whole(limits.threads.jobWorkerCount),
    heapMbMax: whole(limits.threads.shardHeapMbMax),
  }),
  calls: section({
    max: whole(limits.calls.callsMax),
    ringMax: duration(limits.calls.ringMsMax),
    answerMax: duration(limits.calls.answerMsMax),
    durationMax: duration(limits.calls.durationMsMax),
  }),
  recognition: section({
    enabled: flag,
    processes: whole(limits.recognition.processCount),
    decodersPerProcess: whole(limits.recognition.decodersPerProcess),
    modelDir: path.optional(),
    vendors: listOf(recognitionVendor, "recognisers, each with vendor and url"),
    embeddedLast: flag,
    choose: z
      .enum(["inOrder", "healthiest"], { error: "must be inOrder or healthiest" })
      .optional(),
    hedge: duration(limits.recognition.hedgeMs),
  }),
  synthesis: section({
    vendors: listOf(voiceVendor, "voices, each with vendor"),
    embeddedLast: flag,
    choose: z
      .enum(["inOrder", "healthiest"], { error: "must be inOrder or healthiest" })
      .optional(),
  }),
  analyzers: listOf(analyzerPart, "analyzers, each with kind"),
  hearing: hearingSection,
  voiceprint: voiceprintSection,
  storage: section({ dataDir: path.optional(), kekFile: path.optional() }),
  recording: section({ enabled: flag }),
  flows: listOf(flowPath, 'flow files, or "shipped"'),
  prompts: section({
    bytesMax: size(limits.prompts.bytesMax),
    diskBytesMax: size(limits.prompts.diskBytesMax),
    redis: part({
      url: secret,
      keep: duration(limits.prompts.redisKeepMs),
      sealed: flag,
    }).optional(),
    recordings: path.optional(),
  }),
  trunks: listOf(trunk, "trunks, each with name and kind"),
  log: section({ level: oneOf(levels), pretty: flag }),
});

/** A file of the right shape, with what it does not say left out. */
export type FileDraft = z.output<typeof fileSchema>;
