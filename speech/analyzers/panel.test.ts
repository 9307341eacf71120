import { describe, expect, it } from "vitest";
import type { Analyzer, AnalyzerEvent, AnalyzerStream } from "./analyzer.js";
import { AnalyzerPanel, slowInputsMax } from "./panel.js";

const start = { callId: "c1", userId: "u1", language: "en-US", rateHz: 8000 };
const silent: AnalyzerStream = {
  frame: () => undefined,
  partial: () => undefined,
  final: () => undefined,
  close: () => undefined,
};

function analyzer(
  name: string,
  stream: (tell: (event: AnalyzerEvent) => void) => Partial<AnalyzerStream>,
): Analyzer {
  const open: Analyzer["open"] = (_, listener) => ({ ...silent, ...stream(listener) });
  return { name, open, close: () => undefined };
}

function panelOf(analyzers: readonly Analyzer[], clock = { nowMs: () => 0, epochMs: () => 0 }) {
  const labels: string[] = [];
  const lost: { name: string; code: string; message: string }[] = [];
  const listener = {
    label: (name: string, { value }: { value: string }) => labels.push(`${name} ${value}`),
    lost: (name: string, { code, message }: { code: string; message: string }) =>
      lost.push({ name, code, message }),
  };
  return { panel: new AnalyzerPanel({ analyzers, start, clock, listener }), labels, lost };
}

const label = (value: string): AnalyzerEvent => ({
  kind: "label",
  label: { name: "x", value, score: 1 },
});
const final = { turnId: 1, text: "my secret is 4711", isRejected: false };

describe("a panel of analyzers", () => {
  it("leaves out the one that throws, without its words, and the others go on", () => {
    const throwing = analyzer("bad", () => ({
      final: ({ text }) => {
        throw new TypeError(text);
      },
    }));
    const { panel, labels, lost } = panelOf([
      throwing,
      analyzer("good", (tell) => ({ final: () => tell(label("well")) })),
    ]);
    panel.final(final);
    panel.final(final);
    expect(labels).toEqual(["good well", "good well"]);
    expect(lost).toEqual([
      { name: "bad", code: "ANALYZER_BROKEN", message: "analyzer bad threw TypeError" },
    ]);
  });

  it("takes one that cannot even begin, and one that cannot even end, for broken as well", () => {
    const { panel, lost } = panelOf([
      { name: "stillborn", open: () => expect.fail("no"), close: () => undefined },
      analyzer("clinging", () => ({ close: () => expect.fail("no") })),
    ]);
    panel.close();
    expect(lost.map(({ name }) => name)).toEqual(["stillborn"]);
  });

  it("leaves out the one that holds up the thread again and again", () => {
    let nowMs = 0;
    const slow = analyzer("slow", () => ({ frame: () => void (nowMs += 6) }));
    const { panel, lost } = panelOf([slow], { nowMs: () => nowMs, epochMs: () => 0 });
    for (let count = 0; count < slowInputsMax; count += 1) {
      expect(lost).toEqual([]);
      panel.frame(new Int16Array(160), true);
    }
    expect(lost).toMatchObject([{ name: "slow", code: "ANALYZER_SLOW" }]);
    panel.frame(new Int16Array(160), true);
    expect(nowMs).toBe(6 * slowInputsMax);
  });

  it("hears no more of one that has failed, or of any once it is closed", () => {
    const ways: ((event: AnalyzerEvent) => void)[] = [];
    const { panel, labels, lost } = panelOf([
      analyzer("a", (tell) => (ways.push(tell), {})),
      analyzer("b", (tell) => (ways.push(tell), {})),
    ]);
    const error = { code: "ANALYZER_VENDOR", message: "no", detail: {} };
    ways[0]!({ kind: "failed", error });
    ways[0]!(label("late"));
    ways[1]!(label("in time"));
    panel.close();
    ways[1]!(label("after the end"));
    expect(labels).toEqual(["b in time"]);
    expect(lost.map(({ code }) => code)).toEqual(["ANALYZER_VENDOR"]);
  });
});
