/**
 * Every voice against everything that can go wrong, over real sockets, with a mock in a process of
 * its own. The table of outcomes stands in docs/voices.md, and is checked here.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectTable } from "../../../test/support/doc-table.js";
import { nodeRng, nodeTime } from "../../../base/node-ports.js";
import { createResampler } from "../../../codecs/audio/resampler.js";
import { voiceVendor } from "../../../config/default-config.js";
import {
  voiceVendorNames,
  type VoiceVendorConfig,
  type VoiceVendorName,
} from "../../../config/schema.js";
import { ToneListener } from "../../asr/testing/tone-words.js";
import { startMockVoice, type MockVoice } from "../testing/mock-voice.js";
import { createVoiceSynthesizer } from "./voice-synthesizer.js";

type Vendor = Exclude<VoiceVendorName, "espeak">;
const vendors = voiceVendorNames.filter((name): name is Vendor => name !== "espeak");

const time = nodeTime();
const sentence = "Yes please, tomorrow.";
const words = "yes please tomorrow";

type Scenario = {
  readonly text?: string;
  readonly ask?: string;
  readonly url?: (mock: MockVoice) => string;
  /** Another voice that works stands behind it. */
  readonly isResilient?: boolean;
};

const scenarios: Readonly<Record<string, Scenario>> = {
  "a sentence": {},
  "two sentences": { text: `${sentence} Goodbye, agent!` },
  "signs alone": { text: " … ?!" },
  "chunks of odd length": { ask: "pieces" },
  "audio of odd length": { ask: "odd" },
  "a WAV of another rate, in stereo": { ask: "otherRate" },
  "MP3 instead": { ask: "mp3" },
  "an error with its status": { ask: "down" },
  "an error in a 200": { ask: "error" },
  "half a JSON text": { ask: "halfJson" },
  "the quota is used up": { ask: "quota" },
  "the key is refused": { ask: "denied" },
  "it does not want the text": { ask: "refused" },
  "it says nothing at all": { ask: "mute" },
  "silence without end": { ask: "hush" },
  "silence, and the end": { ask: "silent" },
  "10 s of nothing in the middle": { ask: "stall" },
  "cut off, one voice": { ask: "cut" },
  "cut off, with fail-over": { ask: "cut", isResilient: true },
  "nobody listens there": { url: ({ url }) => url.replace(/\d+$/, "9") },
  "TLS fails": { url: ({ url }) => url.replace(/^(http|ws)/, "$1s") },
};

const settings: Readonly<Record<Vendor, Partial<VoiceVendorConfig>>> = {
  "http-json": {},
  openai: {},
  azure: {},
  baidu: { secretKey: "s" },
  elevenlabs: {},
  "elevenlabs-stream": {},
};

function configOf(vendor: Vendor, mock: MockVoice, scenario: Scenario): VoiceVendorConfig {
  const base = `${scenario.url?.(mock) ?? mock.url}/v1`;
  const query = scenario.ask === undefined ? "" : `?scenario=${scenario.ask}`;
  const isSlow = ["mute", "hush", "stall"].includes(scenario.ask ?? "");
  return voiceVendor({
    vendor,
    url: `${base}${query}`,
    key: "k",
    voice: "v",
    ...(vendor === "baidu" ? { tokenUrl: `${base}/token${query}` } : {}),
    firstSoundMsMax: isSlow ? 150 : 5000,
    stallMsMax: isSlow ? 150 : 5000,
    ...settings[vendor],
  });
}

const closers: (() => void)[] = [];

/** What came of a text: the words that can be heard, or a code. */
function speak(configs: readonly VoiceVendorConfig[], text: string): Promise<string> {
  const synthesizer = createVoiceSynthesizer({
    vendors: configs,
    choose: "inOrder",
    time,
    rng: nodeRng,
  });
  closers.push(() => synthesizer.close());
  const ear = new ToneListener(16_000);
  const request = { text, voice: "receptionist", language: "en-US" };
  let hear: ((samples: Int16Array) => void) | undefined;
  return new Promise((resolve) => {
    synthesizer.open(request, (event) => {
      if (event.kind === "audio") {
        hear ??= resampled(event.audio.rateHz, ear);
        return hear(event.audio.samples);
      }
      if (event.kind === "failed") {
        // What goes wrong is told without what was to be said.
        expect(event.error.message).not.toMatch(/tomorrow/);
        return resolve(event.error.code.replace("SYNTHESIS_", ""));
      }
      hear?.(new Int16Array(1600));
      ear.end();
      resolve(ear.text === "" ? "nothing" : ear.text);
    });
  });
}

function resampled(rateHz: number, ear: ToneListener): (samples: Int16Array) => void {
  const resampler = createResampler({ fromHz: rateHz, toHz: 16_000 });
  return (samples) => ear.hear(resampler.process(samples));
}

describe("voice conformance", () => {
  const outcomes = new Map<string, string>();
  const mocks: MockVoice[] = [];

  beforeAll(async () => {
    await Promise.all(
      vendors.map(async (vendor) => {
        const mock = await startMockVoice({ vendor });
        mocks.push(mock);
        for (const [name, scenario] of Object.entries(scenarios)) {
          const config = configOf(vendor, mock, scenario);
          const spare = scenario.isResilient === true ? [configOf(vendor, mock, {})] : [];
          const configs = [config, ...spare.map((one) => ({ ...one, name: "spare" }))];
          outcomes.set(`${name}/${vendor}`, await speak(configs, scenario.text ?? sentence));
        }
      }),
    );
  });
  afterAll(async () => {
    for (const close of closers) close();
    await Promise.all(mocks.map((mock) => mock.kill()));
  });

  it("has the outcomes that the table in docs/voices.md shows", () => {
    const rows = Object.entries(scenarios).map(([name, scenario]) => {
      const cells = vendors.map((vendor) => shown(outcomes.get(`${name}/${vendor}`)!, scenario));
      return `| ${[name, ...cells].join(" | ")} |`;
    });
    expectTable("docs/voices.md", `| ${["scenario", ...vendors].join(" | ")} |`, rows);
  });
});

/** `spoken` when it is word for word what was asked for. */
function shown(outcome: string, { text, isResilient }: Scenario): string {
  if (/^[A-Z_]+$/.test(outcome)) return `\`${outcome}\``;
  if (outcome === "nothing") return "nothing to say";
  const asked = text === undefined ? words : `${words} goodbye agent`;
  if (outcome === asked) return "spoken";
  const isAgain = isResilient === true && outcome.endsWith(asked);
  return isAgain ? "begun again" : `"${outcome}"`;
}
