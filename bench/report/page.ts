/** The report as one self-contained page: what was measured last, with pictures. Pure. */
import type { LadderCost, Rung } from "../capacity/ladder.js";
import type { ResultLine } from "../support/bench.js";
import { costChart, frameChart, ladderChart, type OwnCost } from "./charts.js";
import type { Curve } from "./distribution.js";
import { rivals } from "./rivals.js";
import { escape } from "./svg.js";
import { style } from "./style.js";

/** @param lines in the order they were measured; those that do not count are left out */
export function reportPage(lines: readonly ResultLine[]): string {
  const valid = lines.filter(({ isValid }) => isValid);
  const newest = (test: (line: ResultLine) => boolean): ResultLine | undefined =>
    valid.findLast(test);
  const isWhole = (line: ResultLine): boolean =>
    line.bench === "capacity" &&
    line["overload"] === undefined &&
    ((line["without"] as unknown[] | undefined) ?? []).length === 0;
  const capacity = newest(isWhole);
  const ladder = newest((line) => isWhole(line) && Array.isArray(line["ladder"]));
  const media = newest(({ bench }) => bench === "media");
  const shown = capacity ?? media;
  const sections = [
    header(shown),
    capacity === undefined ? "" : tiles(capacity),
    costSection(capacity, media),
    ladder === undefined ? "" : ladderSection(ladder),
    shown === undefined ? "" : frameSection(shown),
    table(valid),
    footer(lines.length - valid.length),
  ];
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    `<title>Voxtree, measured</title><style>${style}</style></head><body><main>` +
    `${sections.join("")}</main></body></html>\n`
  );
}

function header(line: ResultLine | undefined): string {
  const where =
    line === undefined
      ? "nothing has been measured yet"
      : `${line.machine} · Node ${line.node} · commit ${line.commit} · ${line.at.slice(0, 10)}`;
  return (
    "<header><h1>Voxtree, measured</h1><p>Generator, mock recogniser and engine share this " +
    `machine; CPU is that of the engine's process alone.</p><p class="where">${escape(where)}</p></header>`
  );
}

function tiles(line: ResultLine): string {
  const frame = line["frameMs"] as { p99: number; p999: number };
  const turn = line["turnEngineMs"] as { p95: number };
  const cells: [string, string][] = [
    [String(line["calls"]), "intelligent calls at once"],
    [String(line["coresPerCall"]), "cores per call"],
    [`${frame.p999} ms`, "a frame through the engine, p99.9"],
    [String(line["framesOver300Ms"]), "frames over 300 ms"],
    [`${turn.p95} ms`, "added to an answer, p95"],
  ];
  const html = cells.map(
    ([value, name]) => `<div><b>${escape(value)}</b><span>${name}</span></div>`,
  );
  return `<section class="tiles">${html.join("")}</section>`;
}

function costSection(capacity: ResultLine | undefined, media: ResultLine | undefined): string {
  const own: OwnCost[] = [];
  if (media !== undefined) {
    own.push({
      name: "Voxtree, media only",
      coresPerCall: Number(media["coresPerCall"]),
      what: `${String(media["calls"])} calls`,
    });
    own.unshift({
      name: "bare echo server",
      coresPerCall: Number(media["floorCoresPerCall"]),
      what: "the sockets alone",
    });
  }
  if (capacity !== undefined) {
    own.push({
      name: "Voxtree, full pipeline",
      coresPerCall: Number(capacity["coresPerCall"]),
      what: `${String(capacity["calls"])} calls, ASR, recording`,
    });
  }
  const sources = rivals.map(({ name, source }) => `${name}: ${source}`).join("; ");
  return (
    "<section><h2>What a call costs</h2><p>Cores per call, shorter is better, logarithmic. Blue was " +
    "measured here. Grey is what others publish, on machines of their own; none of them was run here.</p>" +
    `${costChart(own)}<p class="note">${escape(sources)}.</p></section>`
  );
}

function ladderSection(line: ResultLine): string {
  const cost = line["ladderCost"] as LadderCost | undefined;
  const costs =
    cost === undefined
      ? ""
      : ` A call costs ${cost.coresPerCallAt100} cores with 100 of them and ${cost.coresPerCall} with ${cost.calls}.`;
  return (
    "<section><h2>Latency over load</h2><p>Each point is a run of its own with the full pipeline. " +
    "A load is carried when under 0.5 % of the calls fail, every transcript is right, a frame takes under " +
    "20 ms at p99.9 and answers come at most 25 % later than unloaded. Hollow points were not carried." +
    `${costs}</p>` +
    `${ladderChart(line["ladder"] as readonly Rung[])}</section>`
  );
}

function frameSection(line: ResultLine): string {
  const [inward, outward] = [line["frameInCurve"], line["frameOutCurve"]] as (Curve | undefined)[];
  if (inward === undefined || outward === undefined) return "";
  return (
    `<section><h2>How long a frame takes</h2><p>${String(line["calls"])} calls, ${line.bench}: from the ` +
    'socket to the turn detector (<i class="in">in</i>), and how late a frame leaves ' +
    '(<i class="out">out</i>); shares of all frames, logarithmic.</p>' +
    `${frameChart(inward, outward)}</section>`
  );
}

const columns = [
  ["calls", "calls"],
  ["coresPerCall", "cores per call"],
  ["floorRatio", "× floor"],
  ["frameMs.p99", "frame p99"],
  ["frameMs.p999", "p99.9"],
  ["frameMs.max", "max"],
  ["turnEngineMs.p95", "turnEngine p95"],
  ["failedPct", "failed %"],
  ["rssPerCallMb", "MB a call"],
] as const;

/** The newest run of every bench with calls. */
function table(lines: readonly ResultLine[]): string {
  const newest = new Map<string, ResultLine>();
  for (const line of lines) {
    if (line["coresPerCall"] === undefined) continue;
    newest.set(`${line.bench} ${textAt(line, "line")} ${String(line["calls"])}`, line);
  }
  const head = ["bench", ...columns.map(([, title]) => title), "commit"];
  const rows = [...newest].sort().map(([name, line]) => {
    const cells = columns.map(([figure]) => valueAt(line, figure));
    return [name.replace(/ \d+$/, ""), ...cells, line.commit];
  });
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join("")}</tr>`;
  return (
    `<section><h2>Every run that counts</h2><div class="scroll"><table>${row(head, "th")}` +
    `${rows.map((cells) => row(cells, "td")).join("")}</table></div></section>`
  );
}

function textAt(line: ResultLine, name: string): string {
  const value = line[name];
  return typeof value === "string" ? value : "";
}

function valueAt(line: ResultLine, figure: string): string {
  const [outer, inner] = figure.split(".") as [string, string | undefined];
  const value = line[outer];
  const found =
    inner === undefined ? value : (value as Record<string, unknown> | undefined)?.[inner];
  return typeof found === "number" ? String(found) : "";
}

function footer(invalid: number): string {
  const left =
    invalid === 0 ? "" : ` ${invalid} runs in which the generator was the bottleneck are left out.`;
  return `<footer>Made by <code>npm run bench -- report</code> from <code>bench/results/</code>.${left}</footer>`;
}
