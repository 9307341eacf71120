/**
 * An exam in real time: the whole engine in a process of its own, the callers in another, sockets
 * between them. So many calls at once that it ends in a minute, so few that nobody queues.
 */
import { EngineProcess } from "../engine/engine-process.js";
import type { LoadProcess } from "../load/load-process.js";
import type { Progress } from "../support/bench.js";
import { sleep } from "../support/cpu-windows.js";
import { round } from "../support/figures.js";
import { withLoad } from "../support/with-load.js";
import { flowFile, type Exam } from "./exam.js";
import type { Outcome } from "./exercise.js";
import { questions } from "./script.js";
import { roomsOf } from "./virtual-exam.js";

/** How late frames of the callers were, against their deadlines. */
export type Lateness = { readonly p99Ms: number; readonly maxMs: number };

export type RealExamOptions = { readonly calls: number; readonly progress: Progress };
export type ExamRun = {
  readonly outcomes: readonly Outcome[];
  readonly callers: Lateness;
  readonly troubles: readonly string[];
};

/** An exam that takes longer is given up, with what was done by then. */
const examMsMax = 85_000;
const pollMs = 250;
/** New calls a second. */
const callsPerSecond = 40;

export function runRealExam(exam: Exam, options: RealExamOptions): Promise<ExamRun> {
  return withLoad(async (load) => {
    const clips = [...exam.clips].map(([name, audio]) => ({ name, audio }));
    const { exercises } = exam;
    await load.prepare({ line: "native", caller: "examinee", clips, exercises });
    const engine = new EngineProcess(load);
    try {
      await engine.start(configOf(options.calls));
      return await sit(exam, options, { engine, load });
    } finally {
      await engine.stop();
    }
  });
}

function configOf(calls: number) {
  return {
    gateway: { port: 0, connectionsMax: 4 * calls + 100 },
    calls: { callsMax: 2 * calls + 20 },
    recognition: { decodersPerProcess: Math.max(16, calls) },
    flows: [...questions, "prompt"].map(flowFile),
  };
}

type Sides = { readonly engine: EngineProcess; readonly load: LoadProcess };

async function sit(
  exam: Exam,
  { calls, progress }: RealExamOptions,
  { engine, load }: Sides,
): Promise<ExamRun> {
  await load.begin();
  const seats = seatsOf(exam, calls);
  for (const { room, count } of seats) {
    const flow = `turns-${room.split(" ")[0]}`;
    const overMs = (count * 1000) / callsPerSecond;
    await engine.startCalls({ flow, count, overMs, isRecorded: true, to: room });
  }
  const total = seats.reduce((sum, { count }) => sum + count, 0);
  progress(`${total} calls in ${seats.length} rooms`);
  const deadlineMs = performance.now() + examMsMax;
  let done = await load.outcomes();
  while (done.busyCallers > 0 && performance.now() < deadlineMs) {
    await sleep(pollMs);
    done = await load.outcomes();
  }
  const { lateMs, broken } = await load.report();
  await engine.hangUpAll();
  return {
    outcomes: done.outcomes,
    callers: { p99Ms: round(lateMs.p99, 2), maxMs: round(lateMs.max, 2) },
    troubles: [...broken, ...engine.log],
  };
}

/** Calls by room, as many as there is time to be spent in it. */
function seatsOf(exam: Exam, calls: number): readonly { room: string; count: number }[] {
  const works = roomsOf(exam).map((room) => {
    const own = exam.exercises.filter((one) => one.room === room);
    return { room, workMs: own.reduce((sum, one) => sum + workMsOf(one), 0) };
  });
  const total = works.reduce((sum, { workMs }) => sum + workMs, 0);
  return works.map(({ room, workMs }) => {
    return { room, count: Math.max(1, Math.round((calls * workMs) / total)) };
  });
}

/** About what an exercise takes: question, thought, speech, and our answer. */
function workMsOf({ isAnswer, endMs, waitMs }: Exam["exercises"][number]): number {
  return isAnswer ? 2000 + waitMs + endMs : 9000;
}
