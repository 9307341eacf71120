/** The reference for people must not fall out of step with the limits and the schema. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fileSchema } from "./file-schema.js";
import { limits } from "./limits.js";
import { formatDuration, formatSize } from "./units.js";

const doc = readFileSync(new URL("../docs/configuration.md", import.meta.url), "utf8");
const rows = new Map(
  doc.split("\n").flatMap((line) => {
    const [, key, standard, allowed] = line.split("|").map((cell) => cell.trim());
    const path = /^`([\w.[\]]+)`$/.exec(key ?? "")?.[1];
    return path === undefined ? [] : [[path, { standard, allowed }] as const];
  }),
);

type Node = { def: { shape?: Record<string, Node>; innerType?: Node; out?: Node; element?: Node } };

/** Paths of all keys; `[]` stands for the items of a list. */
function pathsOf(node: Node, path: string): string[] {
  const inner = node.def.innerType ?? node.def.out;
  if (inner !== undefined) return pathsOf(inner, path);
  if (node.def.element !== undefined) return [path, ...pathsOf(node.def.element, `${path}[]`)];
  // The two places of a secret are explained with it.
  if (
    node.def.shape === undefined ||
    /(\.(apiToken|secretKey|password|signatureSecret|twilioAuthToken|vonageSignatureSecret|audiohookApiKey|audiohookSecret)|vendors\[\]\.key|analyzers\[\]\.key|voiceprint\.key|redis\.url)$/.test(
      path,
    )
  )
    return [path];
  return Object.entries(node.def.shape).flatMap(([key, value]) =>
    pathsOf(value, path === "" ? key : `${path}.${key}`),
  );
}

const isNumber = (text: string) => /^\d/.test(text);

describe("docs/configuration.md", () => {
  it("has every key of the schema and no other", () => {
    const paths = pathsOf(fileSchema as unknown as Node, "");
    expect([...rows.keys()].sort()).toEqual(paths.filter((path) => !path.endsWith("[]")).sort());
  });

  it.each([
    ["gateway.port", limits.gateway.port, String],
    ["gateway.connectionsMax", limits.gateway.connectionsMax, String],
    ["gateway.streamsMax", limits.gateway.streamsMax, String],
    ["gateway.messageBytesMax", limits.gateway.messageBytesMax, formatSize],
    ["gateway.bufferedBytesMax", limits.gateway.bufferedBytesMax, formatSize],
    ["gateway.handshake", limits.gateway.handshakeMsMax, formatDuration],
    ["gateway.start", limits.gateway.startMsMax, formatDuration],
    ["gateway.resumeGrace", limits.gateway.resumeGraceMs, formatDuration],
    ["gateway.idle", limits.gateway.idleMsMax, formatDuration],
    ["gateway.playoutLead", limits.gateway.playoutLeadMs, formatDuration],
    ["gateway.access.upgradesPerSecond", limits.access.upgradesPerSecond, String],
    ["gateway.access.failuresPerMinute", limits.access.failuresPerMinute, String],
    ["http.port", limits.http.port, String],
    ["threads.shards", limits.threads.shardCount, String],
    ["threads.jobWorkers", limits.threads.jobWorkerCount, String],
    ["threads.heapMbMax", limits.threads.shardHeapMbMax, String],
    ["calls.max", limits.calls.callsMax, String],
    ["calls.ringMax", limits.calls.ringMsMax, formatDuration],
    ["calls.answerMax", limits.calls.answerMsMax, formatDuration],
    ["calls.durationMax", limits.calls.durationMsMax, formatDuration],
    ["recognition.processes", limits.recognition.processCount, String],
    ["recognition.decodersPerProcess", limits.recognition.decodersPerProcess, String],
    ["recognition.hedge", limits.recognition.hedgeMs, formatDuration],
    ["recognition.vendors[].streamsMax", limits.recognitionVendor.streamsMax, String],
    ["recognition.vendors[].warm", limits.recognitionVendor.warmCount, String],
    ["recognition.vendors[].connect", limits.recognitionVendor.connectMsMax, formatDuration],
    ["recognition.vendors[].final", limits.recognitionVendor.finalMsMax, formatDuration],
    ["recognition.vendors[].replaySpeed", limits.recognitionVendor.replaySpeed, String],
    ["synthesis.vendors[].streamsMax", limits.voiceVendor.streamsMax, String],
    ["synthesis.vendors[].connect", limits.voiceVendor.connectMsMax, formatDuration],
    ["synthesis.vendors[].firstSound", limits.voiceVendor.firstSoundMsMax, formatDuration],
    ["synthesis.vendors[].stall", limits.voiceVendor.stallMsMax, formatDuration],
    ["synthesis.vendors[].rateHz", limits.voiceVendor.rateHz, String],
    ["voiceprint.timeout", limits.voiceprint.timeoutMs, formatDuration],
    ["analyzers[].timeout", limits.analyzer.timeoutMs, formatDuration],
    ["analyzers[].streamsMax", limits.analyzer.streamsMax, String],
    ["prompts.bytesMax", limits.prompts.bytesMax, formatSize],
    ["prompts.redis.keep", limits.prompts.redisKeepMs, formatDuration],
    ["prompts.diskBytesMax", limits.prompts.diskBytesMax, formatSize],
  ])("says the default and range of %s as they are", (path, limit, format) => {
    const { standard = "", allowed } = rows.get(path)!;
    expect(allowed).toBe(`${format(limit.min)} to ${format(limit.max)}`);
    const given = standard.replaceAll("`", "");
    if (isNumber(given)) expect(given).toBe(format(limit.default));
  });
});
