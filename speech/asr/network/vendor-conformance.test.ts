/**
 * Every vendor against everything that can go wrong, over real sockets, with a mock in a process of
 * its own. The table of outcomes stands in docs/recognisers.md, and is checked here.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectTable } from "../../../test/support/doc-table.js";
import { nodeRng, nodeTime } from "../../../base/node-ports.js";
import { recognitionVendor } from "../../../config/default-config.js";
import {
  recognitionVendorNames,
  type RecognitionVendorConfig,
  type RecognitionVendorName,
} from "../../../config/schema.js";
import { startMockVendor, type MockVendor } from "../testing/mock-vendor.js";
import { speakTones } from "../testing/tone-words.js";
import { Attempt } from "./attempt.js";
import { createNetworkRecognizer } from "./network-recognizer.js";
import { SocketPool } from "./socket-pool.js";
import { createVendor } from "./vendor-registry.js";

const time = nodeTime();
const grammar = { language: "en-US", phrases: [] };
const settings: Readonly<Record<RecognitionVendorName, Partial<RecognitionVendorConfig>>> = {
  "websocket-json": { endMessage: '{"type":"end"}', finalField: "is_final" },
  vosk: {},
  funasr: {},
  deepgram: { key: "k" },
  "sherpa-onnx": {},
  baidu: { key: "k", appId: 1 },
};

type Said = { readonly samples: Int16Array; readonly rateHz: number; readonly pieces?: number };
type Outcome = { readonly end: string; readonly partials: readonly string[] };

const words = (text: string, rateHz = 8000): Said => {
  return { samples: speakTones(text.split(" "), rateHz), rateHz };
};
const withPause: Said = {
  rateHz: 8000,
  samples: new Int16Array([
    ...speakTones(["yes"], 8000),
    ...new Int16Array(4800),
    ...speakTones(["tomorrow"], 8000),
  ]),
};
const silence: Said = { samples: new Int16Array(4000), rateHz: 8000 };

/** What a scenario says, where, and how it must end. `resilient`: with fail-over around it. */
type Scenario = {
  readonly said: Said;
  readonly ask?: string;
  readonly url?: (mock: MockVendor) => string;
  readonly settings?: Partial<RecognitionVendorConfig>;
  readonly isResilient?: boolean;
};

const scenarios: Readonly<Record<string, Scenario>> = {
  "three words": { said: words("yes please tomorrow") },
  "the same at 16 kHz": { said: words("yes please tomorrow", 16_000) },
  "two sentences with a pause": { said: withPause },
  silence: { said: silence },
  "pieces of odd length": { said: { ...words("yes please"), pieces: 333 } },
  "a rate it does not take": { said: words("yes please"), settings: { ratesHz: [16_000] } },
  "an error instead of a text": { said: words("yes please"), ask: "error" },
  "the quota is used up": { said: words("yes please"), ask: "quota" },
  "the key is refused (401)": { said: words("yes please"), ask: "denied" },
  "half a JSON text": { said: words("yes please"), ask: "halfJson" },
  "it says nothing at all": { said: words("yes please"), ask: "mute" },
  "it answers 10 s late": { said: words("yes please"), ask: "stall" },
  "a text after the final one": { said: words("yes please"), ask: "lateText" },
  "nobody listens there": { said: words("yes"), url: () => "ws://127.0.0.1:9/" },
  "TLS fails": { said: words("yes"), url: ({ port }) => `wss://127.0.0.1:${port}/` },
  "cut off, with fail-over": { said: words("yes please"), ask: "cut", isResilient: true },
  "cut off, one attempt": { said: words("yes please"), ask: "cut" },
};

function configOf(
  vendor: RecognitionVendorName,
  mock: MockVendor,
  scenario: Scenario,
): RecognitionVendorConfig {
  const base = scenario.url?.(mock) ?? `${mock.url}/`;
  return recognitionVendor({
    vendor,
    url: scenario.ask === undefined ? base : `${base}?scenario=${scenario.ask}`,
    warmCount: 0,
    finalMsMax: scenario.ask === "mute" || scenario.ask === "stall" ? 150 : 5000,
    ...settings[vendor],
    ...scenario.settings,
  });
}

/** One utterance, all at once; vendors that want it slower get it slower. */
function run(config: RecognitionVendorConfig, scenario: Scenario): Promise<Outcome> {
  const { samples, rateHz, pieces = rateHz / 50 } = scenario.said;
  return new Promise((resolve) => {
    const partials: string[] = [];
    let sentences = "";
    const listener = (event: Parameters<ConstructorParameters<typeof Attempt>[1]>[0]): void => {
      if (event.kind === "failed") {
        // What goes wrong is told without what was said.
        expect(event.error.message).not.toMatch(/yes|please/);
        return resolve({ end: event.error.code.replace("RECOGNITION_", ""), partials });
      }
      const text = `${sentences} ${event.text}`.trim();
      if (event.kind === "committed") sentences = text;
      if (event.kind !== "final") partials.push(text);
      else resolve({ end: text === "" ? "nothing" : text, partials });
    };
    const stream = opener(config, scenario)({ grammar, rateHz }, listener);
    for (let at = 0; at < samples.length; at += pieces) {
      stream.write(samples.subarray(at, at + pieces));
    }
    stream.finish();
  });
}

const closers: (() => void)[] = [];

function opener(config: RecognitionVendorConfig, { isResilient }: Scenario) {
  const ports = { time, rng: nodeRng };
  if (isResilient === true) {
    const recognizer = createNetworkRecognizer({ vendors: [config], choose: "inOrder", ...ports });
    closers.push(() => recognizer.close());
    return recognizer.open.bind(recognizer);
  }
  const vendor = createVendor(config);
  const pool = new SocketPool({ ...config, ...ports, idleMsMax: vendor.idleMsMax });
  closers.push(() => pool.close());
  const { finalMsMax } = config;
  return (
    request: { grammar: typeof grammar; rateHz: number },
    listener: ConstructorParameters<typeof Attempt>[1],
  ) => new Attempt({ vendor, pool, time, finalMsMax, ...request }, listener);
}

/** Case and punctuation differ from vendor to vendor. */
const plain = (text: string): string => text.replace(/\./g, "");

describe("vendor conformance", () => {
  const outcomes = new Map<string, Outcome>();
  const mocks: MockVendor[] = [];

  beforeAll(async () => {
    await Promise.all(
      recognitionVendorNames.map(async (vendor) => {
        const mock = await startMockVendor({ vendor });
        mocks.push(mock);
        for (const [name, scenario] of Object.entries(scenarios)) {
          const outcome = await run(configOf(vendor, mock, scenario), scenario);
          outcomes.set(`${name}/${vendor}`, { ...outcome, end: plain(outcome.end) });
        }
      }),
    );
  });
  afterAll(async () => {
    for (const close of closers) close();
    await Promise.all(mocks.map((mock) => mock.kill()));
  });

  it("has the outcomes that the table in docs/recognisers.md shows", () => {
    const heard = Object.entries(scenarios).map(([name, scenario]) => {
      const cells = recognitionVendorNames.map((vendor) => {
        const { end } = outcomes.get(`${name}/${vendor}`)!;
        return end.includes(" ") || /^[a-z]/.test(end) ? shown(end, scenario) : `\`${end}\``;
      });
      return `| ${[name, ...cells].join(" | ")} |`;
    });
    const header = `| ${["scenario", ...recognitionVendorNames].join(" | ")} |`;
    expectTable("docs/recognisers.md", header, heard);
  });

  it.each(recognitionVendorNames)("%s gives texts while somebody speaks", (vendor) => {
    const { partials, end } = outcomes.get(`three words/${vendor}`)!;
    expect(partials.length).toBeGreaterThanOrEqual(2);
    expect(partials.every((text) => end.startsWith(plain(text).split(" ")[0]!))).toBe(true);
  });
});

/** `heard` when it is word for word what was said. */
function shown(end: string, scenario: Scenario): string {
  const asked = expected.get(scenario.said) ?? "";
  if (end === "nothing") return "nothing heard";
  return end === asked ? "heard" : `"${end}"`;
}

const expected = new Map<Said, string>();
for (const [name, { said }] of Object.entries(scenarios)) {
  const isThree = name.startsWith("three") || name.startsWith("the same");
  const isOne = name === "nobody listens there" || name === "TLS fails";
  expected.set(said, isThree ? "yes please tomorrow" : isOne ? "yes" : "yes please");
}
expected.set(withPause, "yes tomorrow");
