/**
 * Question: when the only recogniser dies again and again under live calls, does every call come to
 * its end, and is what was said understood? Whole engine, real threads, real sockets; the callees
 * talk tone words over the native protocol, and say it again when they are asked to.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeThreadHost, nodeTime } from "../../base/node-ports.js";
import { defaultConfig, recognitionVendor } from "../../config/default-config.js";
import type { CallView, EngineNode } from "../../engine/engine-node.js";
import { createNode } from "../../engine/node/node.js";
import { startMockVendor, type MockVendor } from "../../speech/asr/testing/mock-vendor.js";
import {
  defineBench,
  type BenchResult,
  type OptionValues,
  type Progress,
} from "../support/bench.js";
import { toneTrunk } from "../support/tone-callee.js";
import { killAgain } from "./kill-again.js";

const options = {
  calls: { kind: "count", default: 100, max: 10_000, help: "calls while it dies, at least" },
  "at-once": { kind: "count", default: 20, max: 200, help: "calls at once" },
  deaths: { kind: "count", default: 50, max: 1000, help: "how often the recogniser dies" },
} as const;

type CallsResult = BenchResult & {
  readonly deaths: number;
  readonly calls: number;
  /** By the flow's own ends: all of them. */
  readonly completed: number;
  /** Answered as it was said, at once or when asked again. */
  readonly understood: number;
  /** Answers that had to be given again. */
  readonly askedAgain: number;
  /** Taken for something that was not said. */
  readonly wrong: number;
  readonly outcomes: Readonly<Record<string, number>>;
};

const vendor = "websocket-json";
const answer = "yes please";

const flow = `
id: tone-question
language: en-US
voice: slt
start: ask
states:
  ask:
    say: Do you have time?
    expect:
      intents:
        confirm: { phrases: [yes please], keypad: "1" }
        deny: { phrases: [no thank you], keypad: "2" }
    on: { confirm: understood, deny: mistaken }
    silence: { afterMs: 2500, say: Are you there?, max: 5, then: lost }
    noMatch: { say: Sorry?, max: 5, then: lost }
  understood: { say: Thank you., end: understood }
  mistaken: { say: Goodbye., end: mistaken }
  lost: { say: Goodbye., end: not_understood }
`;

export async function callsBench(
  { calls, deaths, "at-once": atOnce }: OptionValues<typeof options>,
  progress: Progress,
): Promise<CallsResult> {
  const dataDir = mkdtempSync(join(tmpdir(), "voxtree-bench-"));
  const mock = await startMockVendor({ vendor });
  const { trunk, callee } = toneTrunk();
  const node = await engine(dataDir, mock, { trunk, callsMax: atOnce });
  const views: CallView[] = [];
  let [died, begun] = [0, 0];
  // Spread over all calls.
  const isTime = (count: number): boolean => begun * deaths >= count * calls;
  const dying = killAgain(mock, deaths, () => (died += 1), isTime);
  const line = async (): Promise<void> => {
    while (begun < calls || died < deaths) {
      begun += 1;
      if (begun % atOnce === 0) progress(`${begun} calls, ${died} deaths`);
      views.push(await oneCall(node, callee));
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, line));
    await (await dying).kill();
  } finally {
    await node.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
  return resultOf(views, died);
}

async function engine(
  dataDir: string,
  mock: MockVendor,
  { trunk, callsMax }: { readonly trunk: ReturnType<typeof toneTrunk>["trunk"]; callsMax: number },
): Promise<EngineNode> {
  const file = join(dataDir, "tone-question.yaml");
  writeFileSync(file, flow);
  const config = defaultConfig({
    gateway: { port: 0 },
    storage: { dataDir, kekFile: join(dataDir, "kek") },
    calls: { callsMax },
    recognition: {
      vendors: [
        recognitionVendor({
          ...{ vendor, url: mock.url, replaySpeed: 4 },
          ...{ endMessage: '{"type":"end"}', finalField: "is_final" },
        }),
      ],
    },
    trunks: [],
    flows: [file],
  });
  const parts = { time: nodeTime(), threadHost: nodeThreadHost, trunks: [trunk] };
  const node = createNode(config, { ...parts, log: () => undefined });
  await node.start();
  await node.promptsReady();
  return node;
}

/** A callee who answers whatever they are asked, once each time we have said something new. */
async function oneCall(
  node: EngineNode,
  callee: ReturnType<typeof toneTrunk>["callee"],
): Promise<CallView> {
  let asked = 0;
  const request = { userId: "u", flow: "tone-question", trunk: "tones", to: "anybody" };
  const { callId } = await node.startCall(request, (view) => {
    const said = view.transcript.filter(({ side }) => side === "agent").length;
    if (said <= asked || view.state !== "ask") return;
    asked = said;
    callee(view.callId).sayAfter(1200, answer);
  });
  return node.callEnded(callId);
}

function resultOf(views: readonly CallView[], deaths: number): CallsResult {
  const outcomes: Record<string, number> = {};
  for (const { outcome = "" } of views) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const own = ["understood", "mistaken", "not_understood"];
  const completed = own.reduce((sum, name) => sum + (outcomes[name] ?? 0), 0);
  const answers = views.flatMap(({ transcript }) =>
    transcript.filter(({ side }) => side === "callee"),
  );
  const wrong = answers.filter(({ text }) => text !== "" && text !== answer).length;
  const understood = outcomes["understood"] ?? 0;
  return {
    bench: "recogniser-loss-calls",
    isValid: completed === views.length && views.length > 0,
    deaths,
    calls: views.length,
    completed,
    understood,
    askedAgain: answers.length - understood,
    wrong,
    outcomes,
  };
}

function format(result: CallsResult): string {
  const { calls, deaths, completed, understood, askedAgain, wrong, outcomes } = result;
  return (
    `recogniser-loss-calls${result.isValid ? "" : "  (NOT VALID)"}\n` +
    `  ${deaths} deaths of the only recogniser under ${calls} calls: ${completed} completed,` +
    ` ${understood} understood, ${askedAgain} answers given again, ${wrong} wrong\n` +
    `  ${JSON.stringify(outcomes)}\n`
  );
}

export const recogniserLossCalls = defineBench({
  name: "recogniser-loss-calls",
  question: "when the only recogniser dies under live calls, does every call come to its end?",
  options,
  run: callsBench,
  format,
});
