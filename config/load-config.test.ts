import fc from "fast-check";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { EngineError } from "../base/errors.js";
import { ConfigError, type ConfigMistake } from "./config-errors.js";
import { defaultConfig } from "./default-config.js";
import { loadConfig, loadConfigFile } from "./load-config.js";

const folder = mkdtempSync(join(tmpdir(), "voxtree-config-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fileName = join(folder, "voxtree.yaml");
const examples = new URL("examples/", import.meta.url);
const token = "abcdefghijklmnopqrstuvwxyz012345";

function load(source: string, env: Record<string, string> = {}) {
  return loadConfig(source, { fileName, env });
}

function mistakesOf(source: string, env: Record<string, string> = {}): readonly ConfigMistake[] {
  try {
    load(source, env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).mistakes;
  }
  return [];
}

function messagesOf(source: string, env: Record<string, string> = {}): string[] {
  return mistakesOf(source, env).map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

describe("a configuration", () => {
  it("may have sections with nothing in them", () => {
    expect(load("gateway:\n  # port: 1\nflows:\n  - shipped\nlog:\n")).toEqual(defaultConfig());
  });

  it("that is empty has every default", () => {
    expect(load("")).toEqual(defaultConfig());
    expect(load("# nothing said\n")).toEqual(defaultConfig());
  });

  it("has its durations in milliseconds and its sizes in bytes", () => {
    const config = load(`
gateway: { handshake: 1.5s, playoutLead: 60ms, messageBytesMax: 128KiB, bufferedBytesMax: 2097152 }
calls: { durationMax: 1h }
prompts: { bytesMax: 1GiB }`);
    expect(config.gateway).toMatchObject({
      handshakeMsMax: 1500,
      playoutLeadMs: 60,
      messageBytesMax: 131_072,
      bufferedBytesMax: 2_097_152,
    });
    expect(config.calls.durationMsMax).toBe(3_600_000);
    expect(config.prompts.bytesMax).toBe(1_073_741_824);
  });

  it("finds relative paths from its own folder", () => {
    writeFileSync(join(folder, "mine.yaml"), "");
    const config = load(`
storage: { dataDir: calls }
flows: [shipped, mine.yaml]
trunks: [{ name: test, kind: loopback, scripts: [./mine.yaml] }]`);
    expect(config.storage).toEqual({
      dataDir: join(folder, "calls"),
      kekFile: join(folder, "calls", "kek"),
    });
    expect(config.flows).toEqual(["shipped", join(folder, "mine.yaml")]);
    expect(config.trunks).toEqual([
      { name: "test", kind: "loopback", scripts: [join(folder, "mine.yaml")] },
    ]);
  });

  it("cannot be changed afterwards, however deep", () => {
    const config = load("");
    expect(() => Object.assign(config.gateway, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.trunks[0]!, { name: "other" })).toThrow(TypeError);
    expect(() => (config.flows as string[]).push("other")).toThrow(TypeError);
  });

  it("waits for an answer longer than for the ringing, also when only the ringing is said", () => {
    expect(load("calls: { ringMax: 2m }").calls.answerMsMax).toBe(135_000);
  });

  it.each(readdirSync(examples))("loads the example %s as it is shipped", (name) => {
    const source = readFileSync(new URL(name, examples), "utf8");
    const carriers = { TWILIO_AUTH_TOKEN: "t", TELNYX_API_KEY: "t", PLIVO_AUTH_TOKEN: "t" };
    const pem = `-----BEGIN PRIVATE KEY-----\n${"A".repeat(100)}\n-----END PRIVATE KEY-----`;
    const vonage = { VONAGE_PRIVATE_KEY: pem, VONAGE_SIGNATURE_SECRET: "s" };
    const switches = { VOXTREE_ARI_PASSWORD: "p", VOXTREE_ESL_PASSWORD: "p" };
    const passwords = { ...switches, ...carriers, ...vonage };
    const env = { VOXTREE_API_TOKEN: token, ASR_KEY: "k-1", AZURE_KEY: "k-2", ...passwords };
    expect(messagesOf(source, env)).toEqual([]);
  });

  it("is written out whole, with its defaults, in complete.yaml", () => {
    const source = readFileSync(new URL("complete.yaml", examples), "utf8");
    expect(load(source)).toEqual(defaultConfig());
    const withAll = source.replaceAll(
      /^( *)# ((?:apiToken: \{ env|- flows|[a-zA-Z]+: \S).*)$/gm,
      "$1$2",
    );
    const secondToken = /^ *apiToken: \{ file.*$/m;
    const paths = messagesOf(withAll.replace(secondToken, ""), { VOXTREE_API_TOKEN: token });
    // Nothing but files that are not here: no commented key is misspelt or out of range.
    for (const message of paths) expect(message).toContain("there is no ");
  });
});

describe("the mistakes of a configuration", () => {
  it("come all at once, in the order of the file, each with place, value and what is right", () => {
    const source = `gateway:
  host: 127.0.0.1
  prot: 8080
  idle: 30
calls:
  max: -5
  ringMax: 10 parsecs
recognition: yes
flows: []
trunks:
  - name: 1st
    kind: sip
log: { level: inof }`;
    expect(messagesOf(source)).toEqual([
      expect.stringMatching(
        /^3 gateway.prot: unknown key "prot" \(did you mean "port"\?\); known here: host, /,
      ),
      '4 gateway.idle: must be a duration with its unit (ms, s, m or h) from 1s to 10m, like "5s", not 30',
      "6 calls.max: must be a whole number from 1 to 100000, not -5",
      '7 calls.ringMax: must be a duration with its unit (ms, s, m or h) from 1s to 3m, like "5s", not "10 parsecs"',
      '8 recognition: must be a map with any of: enabled, processes, decodersPerProcess, modelDir, vendors, embeddedLast, choose, hedge, not "yes"',
      '9 flows: must be a list of flow files, or "shipped", at least one, not an empty list',
      expect.stringMatching(/^11 trunks.0.name: must be a name: .* not "1st"$/),
      '12 trunks.0.kind: must be one of loopback, asterisk, freeswitch, twilio, telnyx, vonage, plivo, not "sip"',
      expect.stringMatching(
        /^13 log.level: must be one of .* \(did you mean "info"\?\), not "inof"$/,
      ),
    ]);
  });

  it("are printed one a line as file:line:column", () => {
    const run = () => loadConfig("calls: { max: 0 }\n", { fileName: "conf/a.yaml", env: {} });
    expect(run).toThrow(
      "conf/a.yaml has 1 mistake:\n  conf/a.yaml:1:15: calls.max: must be a whole number from 1 to 100000, not 0",
    );
  });

  it("name the file's own when it is no YAML", () => {
    expect(mistakesOf("gateway: {\n  port: 1")).toMatchObject([
      { path: "", line: 2, message: expect.stringMatching(/^not YAML: /) as string },
    ]);
    expect(messagesOf("calls: { max: 1 }\ncalls: { max: 2 }")).toEqual([
      "2 : not YAML: Map keys must be unique",
    ]);
    expect(messagesOf("just words")[0]).toMatch(/^1 : must be a map with any of: gateway, http/);
    expect(messagesOf("x".repeat(2_000_000))[0]).toMatch(/2000000 bytes; at most 1048576/);
  });

  it("name what is missing at the place where it is missing", () => {
    const wrong = "trunks: [{ name: a, kind: asterisk, scripts: [x.yaml], endpoint: PJSIP/5@t }]";
    const needs = "must be given: a trunk of kind asterisk needs url, user, password, endpoint";
    expect(messagesOf(wrong)).toEqual([
      `1 trunks.0.url: ${needs}, not nothing`,
      `1 trunks.0.user: ${needs}, not nothing`,
      `1 trunks.0.password: ${needs}`,
      expect.stringMatching(/^1 trunks.0.scripts: must be left out: .*, not a list$/),
      expect.stringMatching(/^1 trunks.0.endpoint: must be a dial string with {to} in it/),
    ]);
    expect(messagesOf("flows: [shipped]\ntrunks:\n  - kind: loopback")).toEqual([
      expect.stringMatching(/^3 trunks.0.name: must be a name.*, not nothing$/),
    ]);
  });

  it.each([
    ["gateway: { playoutLead: 50ms }", "gateway.playoutLead: must be a multiple of 20ms"],
    ["gateway: { start: 40s }", "gateway.start: 40s is over gateway.idle (30s)"],
    ["gateway: { messageBytesMax: 2MiB }", "at least gateway.messageBytesMax (2MiB)"],
    ["gateway: { port: 9000 }\nhttp: { port: 9000 }", "9000 is the port of the gateway too"],
    ["calls: { max: 2001 }", "gateway.connectionsMax is 2000"],
    ["calls: { ringMax: 30s, answerMax: 30s }", "must be over calls.ringMax (30s)"],
    [
      "trunks: [{ name: a, kind: loopback }, { name: a, kind: loopback }]",
      '"a" is the name of trunk 1 too',
    ],
    ["flows: [nowhere.yaml]", `there is no ${join(folder, "nowhere.yaml")}`],
    ["recognition: { modelDir: nowhere }", `there is no ${join(folder, "nowhere")}`],
    ["flows: [satisfaction-survey]", 'must be "shipped", or the path of a ".yaml"'],
    ["gateway: { advertisedUrl: 'http://example.com' }", "must be a ws:// or wss:// URL"],
    ["gateway: { host: 127.0.0 }", "must be an address or a host name"],
    ["gateway: { messageBytesMax: 64KB }", "must be a size (B, KiB, MiB or GiB)"],
    ["gateway: { port: 1.5 }", "must be a whole number from 0 to 65535, not 1.5"],
    ["gateway: { port: .nan }", "must be a whole number from 0 to 65535, not NaN"],
    ["gateway: { port: '8080' }", 'must be a whole number from 0 to 65535, not "8080"'],
    ["recording: { enabled: 'no' }", 'must be true or false, not "no"'],
    ["calls: { max: }", "calls.max: must be a whole number from 1 to 100000, not nothing"],
  ])("include %j", (source, message) => {
    const messages = messagesOf(source);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(message);
  });

  it("do not blame a relation on a value that is already wrong by itself", () => {
    expect(mistakesOf("calls: { ringMax: never, answerMax: 20s }").map(({ path }) => path)).toEqual(
      ["calls.ringMax"],
    );
  });
});

describe("what can be reached from outside", () => {
  it.each(["0.0.0.0", "::", "192.168.1.5", "voice.example.com"])(
    "wants a token for the control API on %s",
    (host) => {
      expect(messagesOf(`http: { host: "${host}" }`)[0]).toContain("http.apiToken must be set");
      const source = `http: { host: "${host}", apiToken: { env: TOKEN } }`;
      expect(load(source, { TOKEN: token }).http.apiToken).toBe(token);
    },
  );

  it("is the gateway with TLS only, and AudioSocket for addresses that are named only", () => {
    expect(messagesOf("gateway: { host: 0.0.0.0 }")[0]).toContain("set gateway.tls");
    const file = `"${process.cwd()}/package.json"`;
    const files = `tls: { cert: ${file}, key: ${file} }`;
    expect(load(`gateway: { host: 0.0.0.0, ${files} }`).gateway.tls?.certFile).toMatch(
      /^[/].*json$/,
    );
    const open = `gateway: { host: 0.0.0.0, audioSocketPort: 9092, ${files}`;
    expect(messagesOf(`${open} }`)[0]).toContain("gateway.access.allow");
    expect(load(`${open}, access: { allow: [10.0.0.0/8] } }`).gateway.access.allow).toEqual([
      "10.0.0.0/8",
    ]);
    const config = load("gateway: { host: '::1', advertisedUrl: 'wss://a.example/voice/' }");
    expect(config.gateway.advertisedUrl).toBe("wss://a.example/voice");
  });

  it("is refused in code as in files", () => {
    expect(() => defaultConfig({ http: { host: "0.0.0.0" } })).toThrow(/apiToken must be set/);
    expect(() => defaultConfig({ gateway: { host: "0.0.0.0" } })).toThrow(/in the clear/);
  });
});

describe("the token of the control API", () => {
  it("is read from a file without its line end", () => {
    writeFileSync(join(folder, "token"), `${token}\n`);
    expect(load("http: { apiToken: { file: token } }").http.apiToken).toBe(token);
  });

  it.each([
    ["http: { apiToken: { env: TOKEN } }", "environment variable TOKEN is not set"],
    ["http: { apiToken: { file: absent } }", "(ENOENT)"],
    ["http: { apiToken: {} }", "must have either env or file"],
    ["http: { apiToken: { env: TOKEN, file: absent } }", "must have either env or file"],
    ["http: { host: 0.0.0.0, apiToken: { env: TOKEN } }", "TOKEN is not set"],
  ])("is missed in %j, and that is the only mistake", (source, message) => {
    const messages = messagesOf(source);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(message);
  });

  it.each([
    "http: { apiToken: hunter2hunter2hunter2 }",
    "http: { apiToken: [hunter2hunter2] }",
    "http: { apiToken: { env: hunter2hunter2 } }",
    "http: { apiToken: { hunter2hunter2: } }",
    "http: { apiToken: { env: TOKEN } }",
    "http: { apiToken: { env: SHORT } }",
    "recognition: { vendors: [{ vendor: websocket-json, url: ws://a, key: hunter2hunter2 }] }",
    "recognition: { vendors: [{ vendor: websocket-json, url: ws://a, key: { env: TOKEN } }] }",
    "recognition: { vendors: [{ vendor: websocket-json, url: ws://a, key: { hunter2hunter2: } }] }",
  ])("is never shown by a mistake: %j", (source) => {
    const env = { TOKEN: "hunter2 hunter2 hunter2 ü", SHORT: "hunter2" };
    const mistakes = mistakesOf(source, env);
    expect(mistakes.length).toBeGreaterThan(0);
    expect(JSON.stringify(mistakes)).not.toContain("unter2");
  });
});

describe("recognisers on the network", () => {
  const vendorsOf = (items: string, env = {}) =>
    load(`recognition: { vendors: [${items}] }`, env).recognition.vendors;

  it("have defaults for all but vendor and url, and the key from the environment", () => {
    const items = "{ vendor: websocket-json, url: wss://a/ws, key: { env: K }, final: 900ms }";
    expect(vendorsOf(items, { K: "k-1\n" })).toEqual([
      {
        name: "websocket-json",
        vendor: "websocket-json",
        url: "wss://a/ws",
        key: "k-1",
        streamsMax: 200,
        warmCount: 2,
        connectMsMax: 2000,
        finalMsMax: 900,
      },
    ]);
  });

  it.each([
    ["{ vendor: websocket-json }", "url: must be a ws:// or wss:// URL without credentials"],
    ["{ vendor: websocket-json, url: http://a }", "must be a ws:// or wss:// URL"],
    ["{ vendor: websocket-json, url: ws://u:p@a }", "must be a ws:// or wss:// URL"],
    ["{ vendor: nobody, url: ws://a }", "vendor: must be one of websocket-json, vosk"],
    ["{ vendor: websocket-json, url: ws://a, key: { env: K } }", "variable K is not set"],
    ["{ vendor: websocket-json, url: ws://a, rates: [11025] }", "must be 8000 or 16000, not 11025"],
    ["{ vendor: deepgram, url: wss://a }", "vendors.0.key: is needed for deepgram"],
    [
      "{ vendor: vosk, url: ws://a, model: nova }",
      "model: means nothing to vosk, only to deepgram",
    ],
    ["{ vendor: vosk, url: wss://a, caFile: absent.pem }", "there is no "],
    [
      "{ vendor: websocket-json, url: ws://a }, { vendor: websocket-json, url: ws://b }",
      '"websocket-json" is the name of recogniser 1 too',
    ],
  ])("are refused when they are %s", (items, message) => {
    const messages = messagesOf(`recognition: { vendors: [${items}] }`);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(message);
  });
});

describe("reading a configuration file", () => {
  it("says which file is not there", () => {
    expect(() => loadConfigFile(join(folder, "absent.yaml"), {})).toThrow(
      /cannot read .*absent\.yaml: it does not exist/,
    );
    expect(() => loadConfigFile(folder, {})).toThrow(/it is a folder/);
  });

  it("ends in a configuration or an EngineError, whatever the text", () => {
    const word = fc.constantFrom(
      ..."gateway http port host apiToken calls max trunks flows log - : [ ] { } & * 5s 1 null".split(
        " ",
      ),
      "\n",
      "  ",
      "__proto__",
      "constructor",
      "*a",
      "&a",
      "!!binary",
      "2001-01-01",
    );
    const text = fc.array(fc.oneof(word, fc.string({ maxLength: 3 }))).map((all) => all.join(" "));
    fc.assert(
      fc.property(text, (source) => {
        try {
          load(source);
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("never lets a wrong value through, whatever it is", () => {
    const config = fc.record(
      {
        gateway: fc.object({ key: fc.constantFrom("host", "port", "idle", "bufferedBytesMax") }),
        calls: fc.object({ key: fc.constantFrom("max", "ringMax") }),
        flows: fc.anything(),
        trunks: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(config, (value) => {
        try {
          const loaded = load(JSON.stringify(value));
          expect(Number.isSafeInteger(loaded.gateway.port)).toBe(true);
          expect(loaded.calls.callsMax).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
      { numRuns: 200 },
    );
  });
});
