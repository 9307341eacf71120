/**
 * All exercises of a room in virtual time, in one call: the real cast, VAD, turn detector, embedded
 * recogniser, playout wheel and gateway leg, without sockets, threads and waiting. What they decide
 * is what they decide in a real call; only what the machine adds is missing.
 */
import type { CallEvent } from "../../actors/call/call-events.js";
import { virtualTime, type VirtualTime } from "../../base/virtual-time.js";
import { createRecognitionEngine } from "../../speech/asr/recognition-engine.js";
import type { Recognizer } from "../../speech/asr/recognizer.js";
import { promptId } from "../../speech/prompts/prompt-id.js";
import { loadVad } from "../../speech/vad/fvad.js";
import type { VadFactory } from "../../speech/vad/vad.js";
import { promptAudio, type Exam } from "./exam.js";
import { Examinee } from "./examinee.js";
import type { Exercise, Outcome, Room } from "./exercise.js";
import { createVoiceBox, frameSamples } from "./line-audio.js";
import { openCall } from "./virtual-call.js";

const frameMs = 20;

/** What rooms share: loaded once. */
export type VirtualHouse = {
  readonly time: VirtualTime;
  readonly vad: VadFactory;
  readonly recognizer: Recognizer;
  readonly prompts: ReadonlyMap<string, Uint8Array>;
};

export async function openHouse(exam: Exam): Promise<VirtualHouse> {
  const time = virtualTime();
  const voiceBox = await createVoiceBox();
  const prompts = new Map<string, Uint8Array>();
  for (const { fixedPrompts, offline, voice, language } of exam.flows.values()) {
    for (const text of [...fixedPrompts, offline]) {
      prompts.set(promptId({ text, voice, language }), await promptAudio(text, voice, voiceBox));
    }
  }
  const recognizer = createRecognitionEngine({ scheduler: time, decoders: 2 });
  return { time, vad: await loadVad(), recognizer, prompts };
}

/** Does all exercises of a room in one call. */
export async function runRoom(
  house: VirtualHouse,
  exam: Exam,
  room: Room,
  exercises: readonly Exercise[],
): Promise<{ readonly outcomes: readonly Outcome[]; readonly events: readonly CallEvent[] }> {
  const { time } = house;
  const [question, line] = room.split(" ") as [string, string];
  const flow = exam.flows.get(`turns-${question}`)!;
  const examinee = new Examinee([...exercises]);
  const events: CallEvent[] = [];
  const opened = openCall(house, flow, examinee, (event) => events.push(event));
  const { directory, leg } = opened;
  const silence = exam.clips.get(line)!;
  const startMs = time.nowMs();
  let frames = 0;
  for (; !examinee.isDone; frames += 1) {
    time.advance(startMs + (frames + 1) * frameMs - time.nowMs());
    if (directory.mediaLeg === undefined && frames > 100) break;
    const sent = examinee.next(time.nowMs());
    const clip = sent === undefined ? silence : exam.clips.get(sent.clip)!;
    const at = ((sent?.frame ?? frames) * frameSamples) % clip.length;
    const payload = clip.subarray(at, at + frameSamples);
    const mediaSamples = frames * frameSamples;
    leg.receive(mediaSamples, time.nowMs());
    directory.mediaLeg?.tell({ kind: "audio", payload, mediaSamples, atMs: time.nowMs() });
    time.settle();
    // Promises of the ports come back between frames.
    if (frames % 4 === 0) await Promise.resolve();
  }
  directory.call.tell({ kind: "hangup", outcome: "cancelled" });
  time.advance(2000);
  opened.close();
  return { outcomes: examinee.outcomes, events };
}
