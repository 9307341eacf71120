/** The three pictures of the report. Pure: result lines in, SVG out. */
import type { Rung } from "../capacity/ladder.js";
import { frameMsMax, shareBetween, type Curve } from "./distribution.js";
import { rivals } from "./rivals.js";
import { bar, chart, dot, line, linearScale, logScale, path, text } from "./svg.js";

const width = 860;

/** What we measured, with a name for its bar. */
export type OwnCost = {
  readonly name: string;
  readonly coresPerCall: number;
  readonly what: string;
};

/** Cores per call, ours above what others publish. Shorter is better. */
export function costChart(own: readonly OwnCost[]): string {
  const rows = [
    ...own.map((one) => ({ ...one, kind: "ours" })),
    ...[...rivals]
      .sort((a, b) => a.coresPerCall - b.coresPerCall)
      .map((one) => ({ ...one, kind: "theirs" })),
  ];
  const rowHeight = 44;
  const height = rows.length * rowHeight + 40;
  const smallest = Math.min(...rows.map(({ coresPerCall }) => coresPerCall));
  const x = logScale([Math.min(0.0005, smallest / 1.5), 0.2], [290, width - 90]);
  const parts = x.ticks.flatMap((tick) => [
    line(x.at(tick), 8, x.at(tick), height - 28, "grid"),
    text(x.at(tick), height - 10, String(tick), { anchor: "middle", kind: "tick" }),
  ]);
  rows.forEach(({ name, what, coresPerCall, kind }, index) => {
    const y = 10 + index * rowHeight;
    parts.push(
      text(278, y + 15, name, { anchor: "end", kind: kind === "ours" ? "strong" : "label" }),
      text(278, y + 30, what, { anchor: "end", kind: "tick" }),
      bar(x.at(0), y + 4, x.at(coresPerCall) - x.at(0), 24, kind),
      text(x.at(coresPerCall) + 8, y + 21, String(coresPerCall), { kind: "value" }),
    );
  });
  return chart(width, height, "cores per call", parts);
}

const series = [
  ["frameP50Ms", "p50", "frame p50"],
  ["frameP99Ms", "p99", "frame p99"],
  ["frameP999Ms", "p999", "frame p99.9"],
] as const;

/** Latency of frames over the number of calls, with the limit. */
export function ladderChart(rungs: readonly Rung[]): string {
  const height = 340;
  const callsMax = Math.max(...rungs.map(({ calls }) => calls));
  const msMax = Math.max(30, ...rungs.map(({ frameP999Ms }) => frameP999Ms * 1.3));
  const x = linearScale([0, callsMax], [60, width - 110], 8);
  const y = logScale([0.5, msMax], [height - 40, 16]);
  const parts = [
    ...y.ticks.flatMap((tick) => [
      line(60, y.at(tick), width - 110, y.at(tick), "grid"),
      text(52, y.at(tick) + 4, `${tick} ms`, { anchor: "end", kind: "tick" }),
    ]),
    ...x.ticks.map((tick) =>
      text(x.at(tick), height - 20, String(tick), { anchor: "middle", kind: "tick" }),
    ),
    text((width - 50) / 2, height - 3, "calls at once", { anchor: "middle", kind: "tick" }),
    line(60, y.at(frameMsMax), width - 110, y.at(frameMsMax), "limit"),
    text(66, y.at(frameMsMax) - 6, `limit ${frameMsMax} ms at p99.9`, { kind: "limit-text" }),
  ];
  for (const [figure, kind, name] of series) {
    const points = rungs.map((rung) => [x.at(rung.calls), y.at(rung[figure])] as const);
    parts.push(path(points, `curve ${kind}`));
    rungs.forEach((rung, index) => {
      const [px, py] = points[index]!;
      const verdict = rung.isCarried ? "carried" : "not carried";
      const title = `${rung.calls} calls: ${name} ${rung[figure]} ms, ${verdict}`;
      parts.push(dot(px, py, rung.isCarried ? kind : `${kind} failed`, title));
    });
    const last = points.at(-1)!;
    parts.push(text(last[0] + 10, last[1] + 4, name, { kind: `name ${kind}` }));
  }
  return chart(width, height, "latency over load", parts);
}

/** Milliseconds at which the bars of the histogram begin and end. */
const edges = [0, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 100, 300, Infinity];
const smallestShare = 1e-6;

/** How long frames took, inwards and outwards: shares of all frames, on a logarithmic scale. */
export function frameChart(inward: Curve, outward: Curve): string {
  const height = 320;
  const y = logScale([smallestShare, 1], [height - 44, 14]);
  const slot = (width - 90) / (edges.length - 1);
  const parts = y.ticks.flatMap((tick) => [
    line(70, y.at(tick), width - 10, y.at(tick), "grid"),
    text(62, y.at(tick) + 4, shareText(tick), { anchor: "end", kind: "tick" }),
  ]);
  const base = y.at(smallestShare);
  edges.slice(0, -1).forEach((from, index) => {
    const to = edges[index + 1]!;
    const left = 74 + index * slot;
    [inward, outward].forEach((curve, side) => {
      const share = shareBetween(curve, from, to);
      if (share < smallestShare) return;
      const top = y.at(share);
      const x = left + side * (slot / 2 - 4);
      parts.push(bar(x, top, slot / 2 - 6, base - top, side === 0 ? "in" : "out"));
    });
    const label = to === Infinity ? `≥ ${from}` : `${from}–${to}`;
    const kind = from >= frameMsMax ? "limit-text" : "tick";
    parts.push(text(left + slot / 2 - 5, height - 24, label, { anchor: "middle", kind }));
  });
  parts.push(text(width / 2, height - 5, "ms a frame took", { anchor: "middle", kind: "tick" }));
  return chart(width, height, "histogram of frames", parts);
}

function shareText(share: number): string {
  return share >= 0.01 ? `${share * 100} %` : `${Number((share * 100).toPrecision(1))} %`;
}
