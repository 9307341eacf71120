import { afterEach, describe, expect, it } from "vitest";
import { nodeTime } from "../../../base/node-ports.js";
import { analyzer as withDefaults } from "../../../config/analyzer-config.js";
import { createAnalyzer } from "../analyzer-registry.js";
import type { AnalyzerEvent, AnalyzerNotice, AnalyzerStream, Label } from "../analyzer.js";
import { startMockAnalyzer, type MockAnalyzer } from "../testing/mock-analyzer.js";
import type { MockAnalyzerScenario } from "../testing/mock-analyzer-main.js";

const kinds = ["http", "grpc"] as const;
const frame = new Int16Array(160).fill(1234);
const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** An analyzer of one call, what it says, and a way to wait for it. */
async function listen(
  kind: (typeof kinds)[number],
  scenario: MockAnalyzerScenario = "none",
  more: { readonly streamsMax?: number; readonly sendsAudio?: boolean } = {},
) {
  const mock: MockAnalyzer = await startMockAnalyzer({ kind, scenario });
  const labels: Label[] = [];
  const events: AnalyzerEvent[] = [];
  const notices: AnalyzerNotice[] = [];
  const waiting: (() => void)[] = [];
  const look = (): void => waiting.forEach((one) => one());
  // Only who answers nothing is waited for in vain.
  const timeoutMs = scenario === "silent" ? 300 : 20_000;
  const config = withDefaults({ kind, name: "remote", url: mock.url, timeoutMs, ...more });
  const made = await createAnalyzer(config, {
    time: nodeTime(),
    rng: { next: () => 0 },
    verifyVoice: () => Promise.reject(new Error("not asked")),
    observe(notice) {
      notices.push(notice);
      look();
    },
  });
  const open = (): AnalyzerStream =>
    made.open({ callId: "c1", userId: "u1", language: "en-US", rateHz: 8000 }, (event) => {
      events.push(event);
      if (event.kind === "label") labels.push(event.label);
      look();
    });
  ends.push(
    () => mock.kill(),
    () => made.close(),
  );
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(() => isSo() && resolve());
      look();
    });
  const told = (notice: AnalyzerNotice["kind"]) =>
    until(() => notices.some(({ kind: one }) => one === notice));
  return { mock, labels, events, notices, open, until, told };
}

function say(stream: AnalyzerStream, turnId: number, text: string, frames = 25): void {
  for (let index = 0; index < frames; index += 1) stream.frame(frame, true);
  stream.partial({ turnId, text: text.slice(0, 3) });
  stream.final({ turnId, text, isRejected: false });
}

describe.each(kinds)("an analyzer behind %s", (kind) => {
  it("gets every frame and text of a turn, and its labels come with that turn's number", async () => {
    const heard = await listen(kind);
    say(heard.open(), 7, "one two three");
    await heard.told("answered");
    expect(heard.labels).toEqual([
      { name: "words", value: "3", score: 0.5, turnId: 7 },
      // 25 frames of 320 bytes.
      { name: "bytes", value: "8000", score: 1, turnId: 7 },
      { name: "loudest", value: "1234", score: 1, turnId: 7 },
    ]);
  });

  it("gets no audio where it is not to have any", async () => {
    const heard = await listen(kind, "none", { sendsAudio: false });
    say(heard.open(), 1, "hello");
    await heard.told("answered");
    expect(heard.labels).toContainEqual({ name: "bytes", value: "0", score: 1, turnId: 1 });
  });

  it("has no say with what is no label, and with a score that is none", async () => {
    const heard = await listen(kind, "nonsense");
    say(heard.open(), 1, "hello there");
    await heard.told("answered");
    expect(heard.labels).toEqual([{ name: "words", value: "2", score: 1, turnId: 1 }]);
  });

  it.each([
    ["silent", "ANALYZER_STALLED"],
    ["denied", "ANALYZER_DENIED"],
    ["quota", "ANALYZER_QUOTA"],
    ["errorIn200", "ANALYZER_VENDOR"],
    ["dies", kind === "http" ? "ANALYZER_UNAVAILABLE" : "ANALYZER_UNAVAILABLE"],
  ] as const)(
    "that is %s is counted as %s and says nothing to the call",
    async (scenario, code) => {
      const heard = await listen(kind, scenario);
      say(heard.open(), 1, "hello");
      await heard.told("failed");
      expect(heard.notices.find((notice) => notice.kind === "failed")).toMatchObject({ code });
      expect(heard.events).toEqual([]);
    },
  );

  it("that fails is left out, what it misses is counted, and later it is asked again", async () => {
    const heard = await listen(kind, "denied");
    const stream = heard.open();
    say(stream, 1, "hello");
    await heard.told("circuit");
    const before = heard.notices.length;
    say(stream, 2, "hello again");
    const after = heard.notices.slice(before);
    expect(after.every((notice) => notice.kind === "dropped")).toBe(true);
    expect(after.length).toBeGreaterThan(5);
  });

  it("listens to no more calls at once than it may", async () => {
    const heard = await listen(kind, "none", { streamsMax: 1 });
    const first = heard.open();
    say(first, 1, "hello");
    await heard.told("answered");
    const second = heard.open();
    say(second, 2, "me too");
    expect(heard.notices.filter((notice) => notice.kind === "dropped").length).toBeGreaterThan(5);
    first.close();
    say(second, 3, "and me now");
    await heard.until(() => heard.labels.some(({ turnId }) => turnId === 3));
  });

  it("says nothing any more once its call is over", async () => {
    const heard = await listen(kind);
    const stream = heard.open();
    say(stream, 1, "hello");
    stream.close();
    const other = heard.open();
    say(other, 2, "who is there");
    await heard.until(() => heard.labels.some(({ turnId }) => turnId === 2));
    expect(heard.labels.filter(({ turnId }) => turnId === 1)).toEqual([]);
  });
});

it("drops audio, and counts it, for a gRPC server that does not read", async () => {
  const heard = await listen("grpc", "deaf");
  const stream = heard.open();
  // More than every buffer on the way holds.
  for (let index = 0; index < 4000; index += 1) stream.frame(frame, true);
  expect(heard.notices.filter(({ kind }) => kind === "dropped").length).toBeGreaterThan(100);
});

it("counts half a document over HTTP as a broken protocol", async () => {
  const heard = await listen("http", "halfJson");
  say(heard.open(), 1, "hello");
  await heard.told("failed");
  const failed = heard.notices.find((notice) => notice.kind === "failed");
  expect(failed).toMatchObject({ code: "ANALYZER_PROTOCOL" });
});
