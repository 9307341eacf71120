/** The trunk with its real callee process, against a real gateway socket. */
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { OriginateRequest, TrunkEvent } from "../../access/trunks/trunk.js";
import { nodeTime } from "../../base/node-ports.js";
import { decodeWav } from "../../codecs/audio/wav.js";
import { isPocketSphinxAvailable } from "../../speech/asr/pocketsphinx.js";
import { createFlite } from "../../speech/tts/flite.js";
import type { SpeechRenderer } from "../../speech/tts/synthesizer.js";
import type { CalleeReport } from "./callee-report.js";
import { createLoopbackTrunk, type LoopbackTrunk } from "./loopback-trunk.js";
import type { LoopbackTrunkOptions } from "./loopback-trunk.js";
import { parseScript } from "./script-source.js";
import { TinyGateway } from "./tiny-gateway.js";

const time = nodeTime();
const asr = isPocketSphinxAvailable();
if (!asr.ok) {
  process.stderr.write(`\nSKIPPED: recognition of prompts (${asr.why}; ${asr.install})\n`);
}

const keypadOnly = "keypadOnly: [{ then: { press: '1' } }]";
const scripts = [
  `{ id: answers, flow: f, expectOutcome: x, voice: awb, answer: { after: 10ms }, ${keypadOnly},
    turns: [{ hear: "Good morning. Is that you?", then: { say: "yes" } },
      { hear: "Then goodbye." }] }`,
  `{ id: twilio, flow: f, expectOutcome: x, protocol: twilio, answer: { after: 10ms },
    turns: [{ hear: "Please enter your code.", then: { press: "12#" } }] }`,
  `{ id: interrupts, flow: f, expectOutcome: x, answer: { after: 10ms }, ${keypadOnly},
    turns: [{ interruptAfter: 600ms, then: { say: "stop please I have heard enough" } }] }`,
  `{ id: listens, flow: f, expectOutcome: x, answer: { after: 10ms }, turns: [{ hear: "Hello." }] }`,
  `{ id: hangs-up, flow: f, expectOutcome: x, answer: { after: 10ms },
    turns: [{ interruptAfter: 200ms, then: hangup }] }`,
  "{ id: busy, flow: f, expectOutcome: busy, answer: busy }",
  "{ id: no-answer, flow: f, expectOutcome: no_answer, answer: noAnswer }",
  "{ id: rejects, flow: f, expectOutcome: rejected, answer: reject }",
].map((text) => parseScript(text, "test.yaml"));

let synthesizer: SpeechRenderer;
let recordDir: string;
let gateway: TinyGateway;
const trunks: LoopbackTrunk[] = [];
const gateways: TinyGateway[] = [];

beforeAll(async () => {
  synthesizer = await createFlite();
  recordDir = await mkdtemp(join(tmpdir(), "voxtree-callee-"));
  gateway = await openGateway({});
});
afterEach(async () => {
  await Promise.all(trunks.splice(0).map((trunk) => trunk.stop()));
});
afterAll(async () => {
  await Promise.all(gateways.map((one) => one.close()));
  await rm(recordDir, { recursive: true });
});

async function openGateway(options: { isHostile?: boolean; token?: string }): Promise<TinyGateway> {
  const one = new TinyGateway({ time, synthesizer, token: "secret", ...options });
  await one.open();
  gateways.push(one);
  return one;
}

type Dialled = {
  readonly events: TrunkEvent[];
  readonly ended: Promise<TrunkEvent & { kind: "ended" }>;
  readonly hangup: () => void;
  report(): CalleeReport;
};

let calls = 0;

/** Every test dials through a trunk of its own unless it is given one. */
function open(options: Partial<LoopbackTrunkOptions> = {}) {
  const reports = new Map<string, CalleeReport>();
  const trunk = createLoopbackTrunk({
    scripts,
    time,
    isRecognizing: false,
    onReport: (callId, report) => reports.set(callId, report),
    ...options,
  });
  trunks.push(trunk);
  const dial = (to: string, changes: Partial<OriginateRequest> = {}): Dialled => {
    const callId = `call-${(calls += 1)}`;
    const events: TrunkEvent[] = [];
    let settle: (event: TrunkEvent & { kind: "ended" }) => void;
    const ended = new Promise<TrunkEvent & { kind: "ended" }>((resolve) => (settle = resolve));
    const request = { callId, to, mediaUrl: gateway.url, token: "secret", ringMsMax: 3000 };
    const attempt = trunk.originate({ ...request, ...changes }, (event) => {
      events.push(event);
      if (event.kind === "ended") settle(event);
    });
    const hangup = (): void => attempt.hangup();
    return { events, ended, hangup, report: () => reports.get(changes.callId ?? callId)! };
  };
  return { trunk, dial };
}

const kindsOf = (events: readonly TrunkEvent[]): string[] => events.map(({ kind }) => kind);

describe("a callee", () => {
  it.skipIf(!asr.ok)("recognises the prompt among twenty, answers, and hears the end", async () => {
    const { trunk, dial } = open({ isRecognizing: true, recordDir });
    await trunk.start();
    expect(trunk.recognition).toEqual({ isOn: true });
    const dialled = dial("answers");
    const call = await gateway.nextCall();
    expect(call.start.format).toEqual({ codec: "l16", rateHz: 16000 });
    const answered = call.heardOut();
    await call.say("Good morning. Is that you?");
    await answered;
    await call.say("The quick brown fox jumps over the lazy dog.");
    await call.say("Then goodbye.");
    call.hangup();
    expect(await dialled.ended).toMatchObject({ outcome: "answered" });
    expect(kindsOf(dialled.events)).toEqual(["ringing", "answered", "ended"]);

    const report = dialled.report();
    const first = report.heard[0]!;
    expect(first).toMatchObject({ text: "Good morning. Is that you?", isExpected: true });
    expect(report.heard.slice(1).some(({ text }) => text === "Good morning. Is that you?")).toBe(
      false,
    );
    expect(report.did).toMatchObject([{ kind: "say", text: "yes", turn: 0 }]);
    expect(report.did[0]!.startMs).toBeGreaterThan(first.toMs);
    expect(report.turns).toHaveLength(1);
    expect(report.turns[0]!.latencyMs).toBeGreaterThan(0);
    expect(report).toMatchObject({ endedBy: "agent", isRecognizing: true });

    const wav = decodeWav(new Uint8Array(await readFile(report.recordingFile!)));
    expect(wav).toMatchObject({ channels: 2, rateHz: 16000 });
    const loudAt = (channel: number, atMs: number): boolean =>
      peakOf(wav.samples, channel, atMs * 16, atMs * 16 + 3200) > 2000;
    const saidMs = Math.round(report.did[0]!.startMs) + 50;
    expect(loudAt(0, saidMs)).toBe(true);
    expect(loudAt(1, saidMs)).toBe(false);
    const heardMs = Math.round(first.fromMs) + 50;
    expect(loudAt(0, heardMs)).toBe(false);
    expect(loudAt(1, heardMs)).toBe(true);
  });

  it("sends frames all the time, and acts on the end of a prompt it cannot understand", async () => {
    const { dial } = open();
    const dialled = dial("answers");
    const call = await gateway.nextCall();
    const pressed = call.next("digit");
    await call.say("Good morning. Is that you?");
    await pressed;
    expect(call.digits).toEqual(["1"]);
    call.hangup();
    await dialled.ended;
    const report = dialled.report();
    expect(report).toMatchObject({ isRecognizing: false });
    expect(report.recognitionNote).toContain("switched off");
    expect(report.heard).toMatchObject([{ text: null, isRejected: false, isExpected: null }]);
    const spanMs = call.arrivalsMs.at(-1)! - call.arrivalsMs[0]!;
    expect(Math.abs(call.frames.length - spanMs / 20)).toBeLessThan(20);
    expect(call.frames.every((samples) => samples.some((sample) => sample !== 0))).toBe(true);
  });

  it("presses keys over Twilio at 8 kHz, one after the other", async () => {
    const { dial } = open();
    const dialled = dial("twilio");
    const call = await gateway.nextCall();
    expect(call.start.format).toEqual({ codec: "pcmu", rateHz: 8000 });
    await call.say("Please enter your code.");
    while (call.digits.length < 3) await call.next("digit");
    expect(call.digits.join("")).toBe("12#");
    call.hangup();
    expect(await dialled.ended).toMatchObject({ outcome: "answered" });
    expect(dialled.report()).toMatchObject({ protocol: "twilio", endedBy: "agent" });
  });

  it.skipIf(!asr.ok)("interrupts, and measures how soon the agent falls silent", async () => {
    const { dial } = open({ isRecognizing: true });
    const dialled = dial("interrupts");
    const call = await gateway.nextCall();
    const interrupted = call.next("speech");
    const said = call.say("This is a long announcement, with many words, that nobody needs.");
    await interrupted;
    call.clear();
    await said;
    await call.next("quiet");
    call.hangup();
    await dialled.ended;
    const { interruptions, heard } = dialled.report();
    expect(heard[0]).toMatchObject({ isCut: true, text: null });
    expect(interruptions).toHaveLength(1);
    const { isCleared, clearAfterMs, silentAfterMs, inaudibleAfterMs } = interruptions[0]!;
    expect(isCleared).toBe(true);
    // What sounds when the clear comes ends itself: one frame at most.
    expect(silentAfterMs! - clearAfterMs!).toBeLessThanOrEqual(20);
    expect(inaudibleAfterMs!).toBeLessThanOrEqual(silentAfterMs!);
  });

  it("hangs up by its script", async () => {
    const { dial } = open();
    const dialled = dial("hangs-up");
    const call = await gateway.nextCall();
    await Promise.all([call.say("I am going to tell you a long story now."), call.next("ended")]);
    expect(await dialled.ended).toMatchObject({ outcome: "answered" });
    expect(dialled.report()).toMatchObject({ endedBy: "callee", did: [{ kind: "hangup" }] });
  });
});

describe("the loopback trunk", () => {
  it("hangs up an answered call, once, however often it is told", async () => {
    const { dial } = open();
    const dialled = dial("listens");
    const call = await gateway.nextCall();
    const gone = call.next("ended");
    dialled.hangup();
    dialled.hangup();
    expect(await dialled.ended).toMatchObject({ outcome: "answered" });
    await gone;
    dialled.hangup();
    expect(dialled.report()).toMatchObject({ endedBy: "trunk" });
    expect(kindsOf(dialled.events)).toEqual(["ringing", "answered", "ended"]);
  });

  it("knows busy, rejecting and absent callees, and gives up ringing when told", async () => {
    const { dial } = open();
    const busy = dial("busy");
    const rejects = dial("rejects");
    const absent = dial("no-answer", { ringMsMax: 100 });
    const cancelled = dial("no-answer", { ringMsMax: 60_000 });
    expect(await busy.ended).toMatchObject({ outcome: "busy" });
    expect(kindsOf(busy.events)).toEqual(["ended"]);
    expect(await rejects.ended).toMatchObject({ outcome: "rejected" });
    expect(await absent.ended).toMatchObject({ outcome: "no_answer" });
    cancelled.hangup();
    expect(await cancelled.ended).toMatchObject({ outcome: "cancelled" });
    expect(kindsOf(cancelled.events)).toEqual(["ringing", "ended"]);
  });

  it("tells who can be dialled when somebody else is", async () => {
    const { trunk, dial } = open();
    const ended = await dial("nobody").ended;
    expect(ended.outcome).toBe("invalid_number");
    expect(ended.cause).toContain("there are: answers, twilio, interrupts");
    expect(trunk.pid).toBeUndefined();
  });

  it("refuses a call id that is in use, and leaves the call that has it alone", async () => {
    const { dial } = open();
    const first = dial("listens", { callId: "twice" });
    const second = dial("listens", { callId: "twice" });
    expect(await second.ended).toMatchObject({ outcome: "failed" });
    const call = await gateway.nextCall();
    await call.say("Hello.");
    call.hangup();
    expect(await first.ended).toMatchObject({ outcome: "answered" });
  });

  it("fails the calls of a process that dies, and dials on with another", async () => {
    const { trunk, dial } = open();
    await trunk.start();
    const pid = trunk.pid!;
    const ringing = dial("no-answer");
    const talking = dial("listens");
    const call = await gateway.nextCall();
    const gone = call.next("ended");
    process.kill(pid, "SIGKILL");
    for (const { ended } of [ringing, talking]) {
      expect(await ended).toMatchObject({
        outcome: "failed",
        cause: expect.stringContaining("SIGKILL") as string,
      });
    }
    await gone;
    const next = dial("listens");
    expect(trunk.pid).not.toBe(pid);
    const another = await gateway.nextCall();
    await another.say("Hello.");
    another.hangup();
    expect(await next.ended).toMatchObject({ outcome: "answered" });
  });

  it("says why a gateway's refusal ended the call", async () => {
    const hostile = await openGateway({ isHostile: true });
    const { dial } = open();
    const refused = dial("listens", { token: "wrong" });
    const twilio = dial("twilio", { token: "wrong" });
    const slammed = dial("listens", { mediaUrl: hostile.url });
    const nowhere = dial("listens", { mediaUrl: "ws://127.0.0.1:1" });
    const lost = dial("listens", { mediaUrl: `${gateway.url}/elsewhere` });
    for (const [dialled, cause] of [
      [refused, /1008.*wrong token/],
      [twilio, /1008.*wrong token/],
      [slammed, /1011/],
      [nowhere, /ECONNREFUSED/],
      [lost, /404/],
    ] as const) {
      const ended = await dialled.ended;
      expect(ended.outcome).toBe("failed");
      expect(ended.cause).toMatch(cause);
      expect(kindsOf(dialled.events)).toEqual(["ringing", "answered", "ended"]);
    }
  });

  it("holds twenty calls at once", async () => {
    const { dial } = open();
    const dialled = Array.from({ length: 20 }, () => dial("listens"));
    const open20 = await Promise.all(dialled.map(() => gateway.nextCall()));
    expect(new Set(open20.map(({ start }) => start.callId)).size).toBe(20);
    for (const call of open20) call.hangup();
    for (const { ended } of dialled) expect(await ended).toMatchObject({ outcome: "answered" });
  });

  it("hangs everything up when it stops, ends its process, and dials no more", async () => {
    const { trunk, dial } = open();
    const ringing = dial("no-answer");
    const talking = dial("listens");
    await gateway.nextCall();
    await trunk.stop();
    expect(await ringing.ended).toMatchObject({ outcome: "cancelled" });
    expect(await talking.ended).toMatchObject({ outcome: "answered" });
    expect(trunk.pid).toBeUndefined();
    expect(await dial("listens").ended).toMatchObject({ outcome: "failed" });
  });

  it("dials again after it was stopped and started", async () => {
    const { trunk, dial } = open();
    await trunk.start();
    await trunk.stop();
    await trunk.start();
    expect(await dial("busy").ended).toMatchObject({ outcome: "busy" });
  });

  it("has callees who end with the process that dials them", async () => {
    const { fork } = await import("node:child_process");
    const { compiledEntry } = await import("../../base/compiled-entry.js");
    const child = fork(compiledEntry("engine/loopback/callee-main.js"), [], { execArgv: [] });
    child.disconnect();
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(0);
  });

  it("refuses scripts that cannot be told apart", () => {
    expect(() => createLoopbackTrunk({ scripts: [scripts[0]!, scripts[0]!], time })).toThrow(
      /two callee scripts have the id "answers"/,
    );
  });
});

function peakOf(samples: Int16Array, channel: number, from: number, to: number): number {
  let peak = 0;
  for (let at = from; at < to; at += 1) {
    peak = Math.max(peak, Math.abs(samples[at * 2 + channel] ?? 0));
  }
  return peak;
}
