/** All rooms of an exam in virtual time, one after the other. */
import type { Progress } from "../support/bench.js";
import type { Exam } from "./exam.js";
import type { Outcome, Room } from "./exercise.js";
import { openHouse, runRoom } from "./virtual-room.js";

/** More exercises in one call than this: the next ones have a call of their own. */
const perCall = 150;

export async function runVirtualExam(exam: Exam, progress: Progress): Promise<Outcome[]> {
  const house = await openHouse(exam);
  const outcomes: Outcome[] = [];
  for (const room of roomsOf(exam)) {
    const own = exam.exercises.filter((one) => one.room === room);
    for (let from = 0; from < own.length; from += perCall) {
      const beganMs = performance.now();
      const some = own.slice(from, from + perCall);
      const done = await runRoom(house, exam, room, some);
      outcomes.push(...done.outcomes);
      const seconds = Math.round(performance.now() - beganMs) / 1000;
      progress(`${room}: ${some.length} exercises in ${seconds} s`);
    }
  }
  return outcomes;
}

export function roomsOf(exam: Exam): readonly Room[] {
  return [...new Set(exam.exercises.map(({ room }) => room))];
}
