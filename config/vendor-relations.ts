/** Which settings a recogniser of the network needs, and which mean nothing to it. */
import type { Contradiction } from "./relations.js";
import type { Config, RecognitionVendorConfig, RecognitionVendorName } from "./schema.js";

type Key = keyof RecognitionVendorConfig;

/** Settings that only some vendors have a use for. */
const owners: Partial<Record<Key, readonly RecognitionVendorName[]>> = {
  key: ["websocket-json", "deepgram", "baidu"],
  endMessage: ["websocket-json"],
  finalField: ["websocket-json"],
  language: ["deepgram", "baidu"],
  hotWords: ["deepgram", "funasr"],
  isGrammarClosed: ["vosk"],
  model: ["deepgram"],
  appId: ["baidu"],
  devPid: ["baidu"],
  lmId: ["baidu"],
};

const needs: Partial<Record<RecognitionVendorName, readonly Key[]>> = {
  deepgram: ["key"],
  baidu: ["key", "appId"],
};

/** Where the file has another word for it. */
const words: Partial<Record<Key, string>> = { isGrammarClosed: "closedGrammar" };

export function vendorSettings({ recognition }: Config): Contradiction[] {
  return recognition.vendors.flatMap((config, index) => {
    const { vendor } = config;
    const at = (key: Key) => ["recognition", "vendors", index, words[key] ?? key] as const;
    const missing = (needs[vendor] ?? [])
      .filter((key) => config[key] === undefined)
      .map((key) => ({ path: at(key), dependsOn: [], message: `is needed for ${vendor}` }));
    const useless = (Object.entries(owners) as [Key, readonly RecognitionVendorName[]][])
      .filter(([key, vendors]) => config[key] !== undefined && !vendors.includes(vendor))
      .map(([key, vendors]) => {
        const message = `means nothing to ${vendor}, only to ${vendors.join(", ")}`;
        return { path: at(key), dependsOn: [], message };
      });
    return [...missing, ...useless];
  });
}
