/** The voices of a configuration file. */
import { describe, expect, it } from "vitest";
import { ConfigError, type ConfigMistake } from "./config-errors.js";
import { loadConfig } from "./load-config.js";

const fileName = "voxtree.yaml";

function load(source: string, env: Record<string, string> = {}) {
  return loadConfig(source, { fileName, env });
}

function mistakesOf(source: string): readonly ConfigMistake[] {
  try {
    load(source);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).mistakes;
  }
  return [];
}

function messagesOf(source: string): string[] {
  return mistakesOf(source).map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

describe("voices", () => {
  const vendorsOf = (items: string, env = {}) =>
    load(`synthesis: { vendors: [${items}] }`, env).synthesis.vendors;

  it("have defaults for all but vendor, and both keys from the environment", () => {
    const items =
      "{ vendor: baidu, url: https://a/t, key: { env: K }, secretKey: { env: S }, " +
      "voices: { cmn: 103 }, languages: [zh], firstSound: 900ms }";
    expect(vendorsOf(items.replace("103", '"103"'), { K: "k-1\n", S: "s-1" })).toEqual([
      {
        name: "baidu",
        vendor: "baidu",
        url: "https://a/t",
        key: "k-1",
        secretKey: "s-1",
        voices: { cmn: "103" },
        languages: ["zh"],
        streamsMax: 100,
        connectMsMax: 2000,
        firstSoundMsMax: 900,
        stallMsMax: 2000,
        speed: 1,
      },
    ]);
  });

  it.each([
    ["{ vendor: openai }", "vendors.0.url: is needed for openai"],
    ["{ vendor: openai, url: ftp://a }", "must be a URL (http, https, ws or wss)"],
    ["{ vendor: openai, url: wss://a }", "must be http:// or https:// for openai"],
    ["{ vendor: azure, url: https://a }", "vendors.0.key: is needed for azure"],
    ["{ vendor: espeak, model: nova }", "model: means nothing to espeak, only to openai"],
    ["{ vendor: espeak, program: ./absent }", "there is no "],
    ["{ vendor: espeak, speed: 3 }", "speed: must be a number from 0.5 to 2, not 3"],
    ["{ vendor: espeak, voices: [a] }", "voices: must be a map"],
    ["{ vendor: espeak }, { vendor: espeak }", '"espeak" is the name of voice 1 too'],
  ])("are refused when they are %s", (items, message) => {
    const messages = messagesOf(`synthesis: { vendors: [${items}] }`);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(message);
  });

  it("never show a secret that is wrong", () => {
    const items = "{ vendor: baidu, url: https://a, key: hunter2, secretKey: hunter2 }";
    const mistakes = mistakesOf(`synthesis: { vendors: [${items}] }`);
    expect(mistakes.length).toBeGreaterThan(0);
    expect(JSON.stringify(mistakes)).not.toContain("unter2");
  });
});
