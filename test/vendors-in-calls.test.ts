/**
 * Voices, recognisers and analyzers of others in calls of the whole engine. What the callee heard
 * is read out of the sound at its end of the line.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeThreadHost, nodeTime } from "../base/node-ports.js";
import { encodeWav } from "../codecs/audio/wav.js";
import { analyzer } from "../config/analyzer-config.js";
import { defaultConfig, recognitionVendor, voiceVendor } from "../config/default-config.js";
import type { CallRequest, CallView, EngineNode } from "../engine/engine-node.js";
import { createNode } from "../engine/node/node.js";
import { startMockVendor, type MockVendor } from "../speech/asr/testing/mock-vendor.js";
import { speakTones } from "../speech/asr/testing/tone-words.js";
import { startMockVoice, type MockVoice } from "../speech/tts/testing/mock-voice.js";
import { flowFile } from "./support/engine-rig.js";
import { speak, throughTelephone } from "./support/spoken-audio.js";
import { toneTrunk, type ToneCallee } from "../bench/support/tone-callee.js";

const dataDir = mkdtempSync(join(tmpdir(), "voxtree-vendors-"));
const { trunk, callee } = toneTrunk();
let voices: readonly MockVoice[];
let ear: MockVendor;
let node: EngineNode;
const logs: { level: string; message: string; fields: object }[] = [];

/** A person's recording for one of the prompts. */
function recordings(): string {
  const folder = join(dataDir, "recordings");
  mkdirSync(folder);
  const samples = speakTones(["okay", "right"], 16_000);
  writeFileSync(join(folder, "bye.wav"), encodeWav({ channels: 1, rateHz: 16_000, samples }));
  writeFileSync(join(folder, "recordings.yaml"), "- { text: thank you, file: bye.wav }\n");
  return folder;
}

beforeAll(async () => {
  voices = await Promise.all(
    (["http-json", "openai"] as const).map((vendor) => startMockVoice({ vendor })),
  );
  ear = await startMockVendor({ vendor: "websocket-json" });
  const module = flowFile("test/analyzers/odd-analyzers.js");
  const config = defaultConfig({
    gateway: { port: 0 },
    storage: { dataDir, kekFile: join(dataDir, "kek") },
    threads: { shardCount: 2, jobWorkerCount: 1 },
    trunks: [],
    flows: ["tone-talk", "tone-labels"].map((name) => flowFile(`test/flows/${name}.yaml`)),
    prompts: { recordings: recordings() },
    analyzers: ["throws", "hangs", "tells"].map((name) =>
      analyzer({ kind: "module", name, module }),
    ),
    recognition: {
      vendors: [
        recognitionVendor({
          ...{ vendor: "websocket-json", url: ear.url },
          ...{ endMessage: '{"type":"end"}', finalField: "is_final" },
        }),
      ],
    },
    synthesis: {
      isEmbeddedLast: false,
      vendors: [
        voiceVendor({
          ...{ vendor: "http-json", url: `${voices[0]!.url}/?scenario=live` },
          ...{ key: "k", voice: "v" },
        }),
        voiceVendor({ vendor: "openai", url: `${voices[1]!.url}/`, key: "k", voice: "v" }),
      ],
    },
  });
  const log = (...[level, message, fields]: [string, string, object]): void =>
    void logs.push({ level, message, fields });
  const parts = { time: nodeTime(), threadHost: nodeThreadHost, trunks: [trunk], log };
  node = createNode(config, parts);
  await node.start();
  await node.promptsReady();
}, 30_000);

afterAll(async () => {
  await node.stop();
  await Promise.all([...voices, ear].map((mock) => mock.kill()));
  rmSync(dataDir, { recursive: true, force: true });
});

type Talk = { readonly callId: string; readonly them: ToneCallee };

async function dial(request: Partial<CallRequest>): Promise<Talk> {
  const call = { userId: "anna", flow: "tone-talk", trunk: "tones", to: "anybody", ...request };
  const { callId } = await node.startCall(call);
  return { callId, them: callee(callId) };
}

const saidBy = (view: CallView, side: "callee" | "agent"): string[] =>
  view.transcript.filter((line) => line.side === side).map(({ text }) => text);

/** Everything under a folder, as one text. */
function bytesUnder(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join();
}

describe("a call whose voice and ear are vendors", () => {
  test("is heard word for word: what was made in it, a prompt, and a person's recording", async () => {
    const before = node.prompts()!;
    const promptFiles = readdirSync(join(dataDir, "prompts")).length;
    const { callId, them } = await dial({ variables: { words: "monday morning" } });
    await them.hears(8);
    them.say("yes please");
    const view = await node.callEnded(callId);
    expect(view.outcome).toBe("completed");
    expect(them.heard.join(" ")).toBe("hello monday morning yes please no thank you okay right");
    expect(saidBy(view, "callee")).toEqual(["yes please"]);
    // One text was the contact's own, two were prompts: none of it is kept.
    const after = node.prompts()!;
    expect(after.said.prompts - before.said.prompts).toBe(2);
    expect(after.said.streamed - before.said.streamed).toBe(1);
    expect(after.prompts).toBe(before.prompts);
    expect(after.rendered).toBe(before.rendered);
    expect(readdirSync(join(dataDir, "prompts"))).toHaveLength(promptFiles);
    expect(bytesUnder(join(dataDir, "prompts"))).not.toContain("monday");
  });

  test("that is interrupted cuts off the voice in mid-sentence, and hears the interruption", async () => {
    const [first] = voices;
    const abandoned = first!.reports.filter(({ kind }) => kind === "abandoned").length;
    const words = "one two three four five six seven eight nine zero one two three four five";
    const { callId, them } = await dial({ variables: { words } });
    await them.hears(3);
    them.say("no thank you");
    await first!.told("abandoned", abandoned + 1);
    const view = await node.callEnded(callId);
    expect(view.interruptions).toHaveLength(1);
    expect(saidBy(view, "callee")).toEqual(["no thank you"]);
    expect(them.heard.slice(0, 3)).toEqual(["hello", "one", "two"]);
    expect(them.heard).not.toContain("nine");
    expect(them.heard.slice(-2)).toEqual(["okay", "right"]);
  });
});

describe("analyzers in a call", () => {
  test("that throw or hold up their thread change nothing; others hear, and know the voice", async () => {
    const said = await speak(
      "rms",
      "I would like to know what it costs, and when it comes, before I decide on anything.",
    );
    const sentence = throughTelephone(said);
    const talk = async (): Promise<CallView> => {
      const { callId, them } = await dial({ flow: "tone-labels", variables: { price: "five" } });
      await them.hears(2);
      them.sayAloud(sentence);
      return node.callEnded(callId);
    };
    const enrolment = await talk();
    expect(enrolment.outcome).toBe("completed");
    expect(enrolment.marks?.map(({ name }) => name)).toEqual(["price", "end"]);
    expect(enrolment.labels).toContainEqual(
      expect.objectContaining({ analyzer: "voiceprint", value: "unknown" }),
    );
    await node.voiceprints.enrol("anna", [enrolment.callId]);
    const second = await talk();
    const labels = second.labels ?? [];
    expect(labels).toContainEqual(expect.objectContaining({ analyzer: "tells", name: "heard" }));
    expect(labels).toContainEqual(
      expect.objectContaining({ analyzer: "voiceprint", value: "match" }),
    );
    expect(second).toMatchObject({ outcome: "completed", keys: [] });
    expect(saidBy(second, "callee"), JSON.stringify(second)).toHaveLength(1);
    expect(node.analyzers()["throws"]).toMatchObject({ failures: { ANALYZER_BROKEN: 2 } });
    const lines = logs.filter(({ message }) => message.startsWith("an analyzer"));
    expect(JSON.stringify(lines)).toContain("ANALYZER_BROKEN");
  });
});

describe("a voice that dies", () => {
  test("in mid-sentence: the next one begins the sentence again, then goes on with the next", async () => {
    const { callId, them } = await dial({ variables: { words: "one two three four. five six" } });
    await them.hears(3);
    await voices[0]!.kill();
    await them.hears(3 + 5 + 2 + 5);
    them.say("yes please");
    expect((await node.callEnded(callId)).outcome).toBe("completed");
    const heard = them.heard.join(" ");
    expect(heard.startsWith("hello one two ")).toBe(true);
    expect(heard).toContain("hello one two three four five six yes please no thank you okay right");
  });

  test("with the last of them: the callee hears the offline sentence, and the call ends", async () => {
    await voices[1]!.kill();
    const { callId, them } = await dial({ variables: { words: "one two three" } });
    const view = await node.callEnded(callId);
    expect(view.outcome).toBe("failed");
    expect(them.heard).toEqual(["goodbye", "later"]);
  });
});
