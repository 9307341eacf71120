/** The examinee's judgement, by a script of what it hears. */
import { expect, test } from "vitest";
import type { Exercise } from "./exercise.js";
import { Examinee } from "./examinee.js";

const answer: Exercise = {
  id: "a",
  room: "yesno clean",
  kind: "yes or no",
  isAnswer: true,
  isHeldOut: false,
  clip: "a",
  onsetMs: 0,
  endMs: 1000,
  waitMs: 400,
};
const cough: Exercise = { ...answer, id: "c", kind: "cough", isAnswer: false, endMs: 200 };

/** Asks a question from 0 to 1000; the answer's first frame is sent at 1400, its end is at 2380. */
function asked(exercise: Exercise) {
  const examinee = new Examinee([exercise]);
  const tick = (fromMs: number, toMs: number) => {
    const sent = [];
    for (let atMs = fromMs; atMs < toMs; atMs += 20) sent.push(examinee.next(atMs));
    return sent;
  };
  const heard = (utterance: number, soundsAtMs: number, isAudible = true) =>
    examinee.heard({ utterance, isAudible, soundsAtMs });
  heard(1, 0);
  return { examinee, tick, heard };
}

test("an answer is timed from the last sample to its first audible frame", () => {
  const { examinee, tick, heard } = asked(answer);
  examinee.promptEnded(1000);
  expect(tick(1000, 1400).every((sent) => sent === undefined)).toBe(true);
  const sent = tick(1400, 2700);
  expect(sent.filter((one) => one !== undefined).map((one) => one.frame)).toEqual(
    Array.from({ length: 50 }, (_, frame) => frame),
  );
  heard(2, 2700, false);
  heard(2, 2720);
  tick(2700, 4000);
  expect(examinee.outcomes).toEqual([
    { id: "a", isPremature: false, responseMs: 340, framesAfter: 0 },
  ]);
  expect(examinee.isDone).toBe(true);
});

test("an answer that sounds before the last word is too early, also when it is taken back", () => {
  const { examinee, tick, heard } = asked(answer);
  examinee.promptEnded(1000);
  tick(1400, 2000);
  heard(2, 2000);
  examinee.cleared(2100);
  tick(2100, 2700);
  heard(3, 2700);
  tick(2700, 4000);
  expect(examinee.outcomes).toMatchObject([{ isPremature: true, responseMs: 320 }]);
});

test("an answer that was taken back before it sounded was never there", () => {
  const { examinee, tick, heard } = asked(answer);
  examinee.promptEnded(1000);
  tick(1400, 2000);
  heard(2, 2040);
  examinee.cleared(2020);
  tick(2020, 2700);
  heard(3, 2700);
  tick(2700, 4000);
  expect(examinee.outcomes).toMatchObject([{ isPremature: false, responseMs: 320 }]);
});

test("who talks over a prompt notes when it fell silent, and what was said afterwards", () => {
  const { examinee, tick, heard } = asked(cough);
  tick(0, 500);
  for (let atMs = 20; atMs <= 500; atMs += 20) heard(1, atMs);
  examinee.cleared(510);
  heard(2, 700);
  heard(2, 720);
  tick(700, 4000);
  expect(examinee.outcomes).toEqual([
    { id: "c", isPremature: false, silentMs: 130, framesAfter: 2, responseMs: 120 },
  ]);
});

test("a prompt that waits for less than 400 ms and goes on was not interrupted", () => {
  for (const [gapMs, silentMs] of [
    [300, undefined],
    [400, 140],
  ] as const) {
    const { examinee, tick, heard } = asked(cough);
    tick(0, 500);
    for (let atMs = 20; atMs <= 500; atMs += 20) heard(1, atMs);
    heard(1, 520 + gapMs);
    tick(500, 4200);
    examinee.promptEnded(4200);
    expect(examinee.outcomes[0]).toMatchObject({ id: "c", pauseMs: gapMs });
    expect(examinee.outcomes[0]!.silentMs).toBe(silentMs);
  }
});

test("a prompt that is cleared while it waits was silent since it waited", () => {
  const { examinee, tick, heard } = asked(cough);
  tick(0, 500);
  for (let atMs = 20; atMs <= 500; atMs += 20) heard(1, atMs);
  tick(500, 700);
  examinee.cleared(700);
  tick(700, 4200);
  expect(examinee.outcomes[0]).toMatchObject({ silentMs: 140 });
});

test("a prompt that goes on to its end was not interrupted", () => {
  const { examinee, tick } = asked(cough);
  tick(0, 900);
  examinee.promptEnded(900);
  expect(examinee.outcomes).toEqual([{ id: "c", isPremature: false, framesAfter: 0 }]);
});
