/**
 * Calls to SIP telephones through a real Asterisk: the whole engine here, Asterisk and the callees
 * in processes of their own. The callees recognise what they heard, and measure what arrives.
 *
 *     engine ── ARI ──▶ Asterisk ── SIP, RTP ──▶ telephones of simulated callees
 *        ◀── WebSocket ──┘
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { defaultConfig } from "../../config/default-config.js";
import type { DemoCall, DemoCallResult, DemoResult } from "../../engine/demo/demo-result.js";
import { demoResult } from "../../engine/demo/demo-result.js";
import { TranscriptPrinter } from "../../engine/demo/demo-text.js";
import type { EngineNode } from "../../engine/engine-node.js";
import type { CalleeScript } from "../../engine/loopback/callee-script.js";
import { loadScripts } from "../../engine/loopback/script-files.js";
import { createNode } from "../../engine/node/node.js";
import { lineFigures, type LineFigures } from "./line-figures.js";
import { freePort, startTelephony, type Telephony } from "./rig.js";
import { startSipPhones, type SipPhonesHandle } from "./sip-phones-handle.js";

export type TelephonyDemoOptions = {
  /** Ids of scripts; left out: all that are shipped. */
  readonly callees?: readonly string[];
  /** So many calls at once, to the first of the callees, instead of one to each. */
  readonly load?: number;
  readonly useRecognition: boolean;
  readonly outDir: string;
  /** Transcripts as they come. */
  readonly write: (text: string) => void;
};

/** As the demonstration without a telephone, and what arrived at the telephones. */
export type TelephonyDemoResult = DemoResult & { readonly line: LineFigures };

/** Spoken calls at once: both ends recognise speech, on one machine. */
const atOnce = 4;

type Place = { readonly node: EngineNode; readonly phones: SipPhonesHandle };

export async function runTelephonyDemo(
  options: TelephonyDemoOptions,
): Promise<TelephonyDemoResult> {
  const scripts = await chosen(options);
  const outDir = resolve(options.outDir);
  await mkdir(outDir, { recursive: true });
  const port = await freePort();
  const telephony = await startTelephony(`ws://127.0.0.1:${port}/media/asterisk`);
  const phones = await startSipPhones({
    scripts,
    isRecognizing: options.useRecognition,
    streamsMax: Math.max(scripts.length, 4),
    recordDir: outDir,
  });
  const dataDir = await mkdtemp(join(tmpdir(), "voxtree-telephony-demo-"));
  const node = createNode(configOf({ options, port, telephony, dataDir }));
  try {
    await node.start();
    const calls = await makeCalls(options, scripts, { node, phones });
    const result = demoResult(calls, node.latency(), phones.recognition);
    return { ...result, calls: result.calls.map(byTelephone), line: lineFigures(phones.line()) };
  } finally {
    await node.stop();
    phones.stop();
    await telephony.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Over RTP a callee sees no clear, so it cannot tell how soon we fell silent. */
function byTelephone(call: DemoCallResult): DemoCallResult {
  return { ...call, protocol: "sip", interruptions: [] };
}

async function chosen({ callees, load }: TelephonyDemoOptions): Promise<readonly CalleeScript[]> {
  const all = await loadScripts();
  const wanted = callees === undefined ? all : all.filter(({ id }) => callees.includes(id));
  return load === undefined ? wanted : wanted.slice(0, 1);
}

/** An engine that dials through that Asterisk. */
export function configOf(given: {
  readonly options: Pick<TelephonyDemoOptions, "useRecognition">;
  readonly port: number;
  readonly telephony: Telephony;
  readonly dataDir: string;
}) {
  const { options, port, telephony, dataDir } = given;
  return defaultConfig({
    gateway: { port },
    // One of the callees never answers: nobody should wait half a minute to see that.
    calls: { ringMsMax: 8000, answerMsMax: 15_000 },
    storage: { dataDir, kekFile: join(dataDir, "kek") },
    recognition: { isEnabled: options.useRecognition },
    trunks: [
      {
        ...{ kind: "asterisk", name: "sip", app: "voxtree", callerId: "1000" },
        ...telephony.ari,
        ...{ endpoint: "PJSIP/trunk/sip:{to}", mediaClient: telephony.mediaClient, format: "auto" },
      },
    ],
  });
}

/** Dials, some at a time, prints as they talk, and keeps our recordings. */
async function makeCalls(
  options: TelephonyDemoOptions,
  scripts: readonly CalleeScript[],
  { node, phones }: Place,
): Promise<DemoCall[]> {
  const printer = new TranscriptPrinter(options.write);
  const { load } = options;
  const dialled = load === undefined ? scripts : Array.from({ length: load }, () => scripts[0]!);
  const results: DemoCall[] = [];
  const waiting = [...dialled.entries()];
  const inRow = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, script] = next;
      results[index] = await makeCall(options, { script, index }, { node, phones, printer });
    }
  };
  await Promise.all(Array.from({ length: load ?? atOnce }, inRow));
  return results;
}

async function makeCall(
  { load, outDir }: TelephonyDemoOptions,
  { script, index }: { readonly script: CalleeScript; readonly index: number },
  { node, phones, printer }: Place & { readonly printer: TranscriptPrinter },
): Promise<DemoCall> {
  const { id, flow, variables } = script;
  const name = load === undefined ? id : `${id}-${index + 1}`;
  const to = `${id}@127.0.0.1:${phones.port}`;
  const call = { userId: `telephony-${name}`, flow, variables, trunk: "sip", to };
  const { callId } = await node.startCall(call, (view) => printer.update(name, view));
  const view = await node.callEnded(callId);
  const wav = await node.readRecording(callId);
  const wavFile = wav === undefined ? undefined : join(resolve(outDir), `${name}.wav`);
  if (wavFile !== undefined) await writeFile(wavFile, wav!);
  const report = load === undefined ? await phones.reportOf(id, view) : undefined;
  return { script, view, wavFile, report };
}
