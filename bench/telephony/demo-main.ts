/**
 * Can the engine hold conversations over real telephony, and how evenly does its audio arrive?
 *
 *     npm run telephony:demo                one call to each callee, transcripts as they come
 *     npm run telephony:demo -- --json      the same as one JSON document
 *     npm run telephony:demo -- --load 20   so many calls at once: gaps, first audible prompt
 *     npm run telephony:demo -- --hang-ups 200  callees hang up: how soon we end, what is left
 */
import { parseArgs } from "node:util";
import { formatSummary } from "../../engine/demo/demo-text.js";
import { formatHangUps, runHangUps } from "./hang-ups.js";
import type { Figures } from "./line-figures.js";
import { runTelephonyDemo, type TelephonyDemoResult } from "./telephony-demo.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    load: { type: "string" },
    "hang-ups": { type: "string" },
    callees: { type: "string" },
    out: { type: "string", default: "telephony-output" },
    recognition: { type: "boolean", default: true },
  },
  allowNegative: true,
});

const hangUps = values["hang-ups"];
if (hangUps === undefined) await demonstrate();
else {
  const result = await runHangUps(Number(hangUps));
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : formatHangUps(result));
  process.exitCode = result.isRight ? 0 : 1;
}

async function demonstrate(): Promise<void> {
  const load = values.load === undefined ? undefined : Number(values.load);
  const callees =
    values.callees?.split(",") ?? (load === undefined ? undefined : ["survey-by-keypad"]);
  const result = await runTelephonyDemo({
    ...(load === undefined ? {} : { load }),
    ...(callees === undefined ? {} : { callees }),
    useRecognition: values.recognition && load === undefined,
    outDir: values.out,
    write:
      values.json || load !== undefined ? () => undefined : (text) => process.stdout.write(text),
  });
  const { calls } = result;
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else
    process.stdout.write(`${load === undefined ? formatSummary(result) : ""}${lineText(result)}`);
  process.exitCode = rightIn(calls) === calls.length ? 0 : 1;
}

function rightIn(calls: TelephonyDemoResult["calls"]): number {
  return calls.filter(({ outcome, expected }) => outcome === expected).length;
}

function lineText({ calls, line }: TelephonyDemoResult): string {
  const heard = calls.flatMap(({ callee, heard }) =>
    heard.map(({ text }) => `  ${callee.padEnd(24)}${text ?? "(not understood)"}`),
  );
  return [
    ...(heard.length === 0 ? [] : ["", "Heard by the callees' own recogniser", ...heard]),
    "",
    `At the telephones, ms: ${rightIn(calls)} of ${calls.length} outcomes right, ${line.packets} packets`,
    `  gap between packets           ${figures(line.gapMs)}`,
    `  answer → first audible        ${figures(line.firstAudibleMs)}`,
    "",
  ].join("\n");
}

function figures({ count, p50, p95, p99, max }: Figures): string {
  return `n ${count}  p50 ${p50}  p95 ${p95}  p99 ${p99}  max ${max}`;
}
