/** The callers of an exam: who is in which room, what is left to be done there, what came of it. */
import type { Exercise } from "../turns/exercise.js";
import { Examinee } from "../turns/examinee.js";
import type { LoadAsks } from "./messages.js";

export class ExamRooms {
  readonly #left = new Map<string, Exercise[]>();
  readonly #examinees: Examinee[] = [];

  prepare(exercises: readonly Exercise[]): void {
    this.#left.clear();
    this.#examinees.length = 0;
    for (const exercise of exercises) {
      const left = this.#left.get(exercise.room) ?? [];
      left.push(exercise);
      this.#left.set(exercise.room, left);
    }
  }

  /** One more caller; those of one room take turns at what is left in it. */
  enter(room: string): Examinee {
    const examinee = new Examinee(this.#left.get(room) ?? []);
    this.#examinees.push(examinee);
    return examinee;
  }

  report(): LoadAsks["outcomes"]["answer"] {
    return {
      outcomes: this.#examinees.flatMap(({ outcomes }) => outcomes),
      busyCallers: this.#examinees.filter(({ isDone }) => !isDone).length,
    };
  }
}
