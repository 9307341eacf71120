/** Question: what does one answer cost in a flow, from the caller's text to what is said next? */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import { compileFlow } from "../../dialog/flow-compiler.js";
import { defineBench, type Progress } from "../support/bench.js";
import { formatMicro, microOptions, runMicro, type MicroCase } from "../support/micro.js";

const file = fileURLToPath(new URL("bench/capacity/questions.yaml", packageRoot));

export async function flowBench(values: { readonly seconds: number }, progress: Progress) {
  const source = await readFile(file, "utf8");
  return runMicro("flow", flowCases(source), values, progress);
}

function flowCases(source: string): MicroCase[] {
  const flow = compileFlow(source, { fileName: "questions.yaml" });
  const started = flow.start({});
  const [{ phrases } = { phrases: [] }] = flow.allExpectations();
  const answer = { kind: "speech", text: phrases[0] ?? "", isRejected: false } as const;
  const vague = {
    kind: "speech",
    text: "well I do not know about that",
    isRejected: false,
  } as const;
  const stepCase = (name: string, event: typeof answer | typeof vague): MicroCase => ({
    name,
    work(count) {
      let effects = 0;
      for (let done = 0; done < count; done += 1) {
        effects += flow.step(started.snapshot, event).effects.length;
      }
      return effects;
    },
  });
  return [
    stepCase("an answer that fits", answer),
    stepCase("an answer that does not", vague),
    {
      name: "a call's first step",
      work(count) {
        let effects = 0;
        for (let done = 0; done < count; done += 1) effects += flow.start({}).effects.length;
        return effects;
      },
    },
    {
      name: "a snapshot taken up again",
      work(count) {
        let effects = 0;
        for (let done = 0; done < count; done += 1) {
          effects += flow.resume(started.snapshot, { isRepeated: true }).effects.length;
        }
        return effects;
      },
    },
  ];
}

export const flow = defineBench({
  name: "flow",
  question: "what does one answer cost in a flow, from the caller's text to what is said next?",
  options: microOptions,
  run: flowBench,
  format: formatMicro,
});
