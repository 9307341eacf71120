/** Which settings a voice needs, and which mean nothing to it. */
import type { Contradiction } from "./relations.js";
import type { Config, VoiceVendorConfig, VoiceVendorName } from "./schema.js";

type Key = keyof VoiceVendorConfig;

const overNetwork = [
  "http-json",
  "openai",
  "azure",
  "baidu",
  "elevenlabs",
  "elevenlabs-stream",
] as const satisfies readonly VoiceVendorName[];

/** Settings that only some vendors have a use for. */
const owners: Partial<Record<Key, readonly VoiceVendorName[]>> = {
  url: overNetwork,
  key: overNetwork,
  secretKey: ["baidu"],
  tokenUrl: ["baidu"],
  model: ["openai", "elevenlabs", "elevenlabs-stream"],
  rateHz: ["openai"],
  caFile: overNetwork,
  program: ["espeak"],
};

const needs: Partial<Record<VoiceVendorName, readonly Key[]>> = {
  "http-json": ["url"],
  openai: ["url"],
  azure: ["url", "key"],
  baidu: ["url", "key", "secretKey"],
  elevenlabs: ["url", "key"],
  "elevenlabs-stream": ["url", "key"],
};

export function voiceSettings({ synthesis }: Config): Contradiction[] {
  return synthesis.vendors.flatMap((config, index) => {
    const { vendor, url } = config;
    const at = (key: Key) => ["synthesis", "vendors", index, key] as const;
    const missing = (needs[vendor] ?? [])
      .filter((key) => config[key] === undefined)
      .map((key) => ({ path: at(key), dependsOn: [], message: `is needed for ${vendor}` }));
    const useless = (Object.entries(owners) as [Key, readonly VoiceVendorName[]][])
      .filter(([key, vendors]) => config[key] !== undefined && !vendors.includes(vendor))
      .map(([key, vendors]) => {
        const message = `means nothing to ${vendor}, only to ${vendors.join(", ")}`;
        return { path: at(key), dependsOn: [], message };
      });
    const isSocket = vendor === "elevenlabs-stream";
    const right = isSocket ? "ws:// or wss://" : "http:// or https://";
    const isOther = url !== undefined && /^ws/.test(url) !== isSocket && vendor !== "espeak";
    const other = { path: at("url"), dependsOn: [], message: `must be ${right} for ${vendor}` };
    return [...missing, ...useless, ...(isOther ? [other] : [])];
  });
}
