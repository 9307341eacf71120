/**
 * A call of the turns bench: what its examinee says is sent frame by frame, and what is heard is
 * put where it sounds. Times are those of the deadlines, which the wheel keeps: how late a frame
 * really was is counted apart.
 */
import type { Buffer } from "node:buffer";
import { performance } from "node:perf_hooks";
import { isAudible } from "../turns/audible.js";
import type { Examinee } from "../turns/examinee.js";
import type { StoredClip } from "./audio-store.js";
import type { Line, LineEvents } from "./line.js";
import type { LoadStats } from "./load-stats.js";
import type { Paced } from "./load-wheel.js";

const frameMs = 20;

type Mark = { readonly name: string; readonly dueMs: number };

export class ExamineeCall implements Paced, LineEvents {
  readonly said: string[] = [];
  readonly #stats: LoadStats;
  readonly #examinee: Examinee;
  readonly #clips: ReadonlyMap<string, StoredClip>;
  readonly #silence: StoredClip;
  #line!: Line;
  #marks: Mark[] = [];
  #playUntilMs = 0;
  #frames = 0;
  /** Deadline of the first frame: no frame was ever sent before its own. */
  #firstAtMs = Infinity;

  /** @param place the room is named `QUESTION LINE`; a clip is named after each line's silence */
  constructor(
    stats: LoadStats,
    examinee: Examinee,
    { clips, room }: { readonly clips: readonly StoredClip[]; readonly room: string },
  ) {
    this.#stats = stats;
    this.#examinee = examinee;
    this.#clips = new Map(clips.map((clip) => [clip.name, clip]));
    this.#silence = this.#clips.get(room.split(" ")[1] ?? "") ?? clips[0]!;
  }

  setLine(line: Line): void {
    this.#line = line;
  }

  tick(nowMs: number): void {
    this.#firstAtMs = Math.min(this.#firstAtMs, nowMs - this.#frames * frameMs);
    const dueMs = this.#firstAtMs + this.#frames * frameMs;
    const sent = this.#examinee.next(dueMs);
    const clip = sent === undefined ? this.#silence : this.#clips.get(sent.clip)!;
    this.#line.sendFrame(clip.first + ((sent?.frame ?? this.#frames) % clip.count));
    this.#frames += 1;
    this.#stats.sentFrames += 1;
    const mark = this.#marks[0];
    if (mark === undefined || mark.dueMs > nowMs) return;
    this.#marks.shift();
    this.#line.returnMark(mark.name);
    if (this.#marks.length === 0) this.#examinee.promptEnded(nowMs);
  }

  heardFrame(utterance: number, bytes: Buffer, start: number, end: number): void {
    this.#stats.heardFrames += 1;
    const soundsAtMs = Math.max(this.#playUntilMs, performance.now());
    this.#playUntilMs = soundsAtMs + frameMs;
    this.#examinee.heard({
      utterance,
      isAudible: isAudible(bytes.subarray(start, end)),
      soundsAtMs,
    });
  }

  heardMark(name: string): void {
    this.#marks.push({ name, dueMs: this.#playUntilMs });
  }

  cleared(): void {
    const nowMs = performance.now();
    this.#marks = [];
    this.#playUntilMs = nowMs;
    this.#examinee.cleared(nowMs);
  }

  returned(): void {}

  lost(): void {
    this.#marks = [];
  }

  resumed(): void {}

  broke(what: string): void {
    this.#stats.broke(what);
  }
}
