/** Question: what does it cost to hear whether a 20 ms frame is speech, and to make turns of it? */
import { decodeMulaw } from "../../codecs/audio/g711.js";
import { createTurnDetector } from "../../speech/turn/turn-detector.js";
import type { TurnSink } from "../../speech/turn/turn-events.js";
import { loadVad } from "../../speech/vad/fvad.js";
import type { VadFactory } from "../../speech/vad/vad.js";
import { defineBench, type Progress } from "../support/bench.js";
import { silenceClip, speechClips } from "../support/clips.js";
import { formatMicro, microOptions, runMicro, type MicroCase } from "../support/micro.js";

const frameSamples = 160;

export async function vadBench(values: { readonly seconds: number }, progress: Progress) {
  const vads = await loadVad();
  const [speech] = await speechClips();
  const cases = [
    vadCase("vad, speech", vads, speech!.audio),
    vadCase("vad, silence", vads, silenceClip().audio),
    turnCase(),
  ];
  return runMicro("vad", cases, values, progress);
}

/** The checksum is the number of frames called speech. */
function vadCase(name: string, vads: VadFactory, audio: Uint8Array): MicroCase {
  const samples = new Int16Array(audio.length);
  decodeMulaw(audio, samples);
  const frames = Array.from({ length: Math.floor(samples.length / frameSamples) }, (_, index) =>
    samples.subarray(index * frameSamples, (index + 1) * frameSamples),
  );
  return {
    name,
    work(count) {
      const vad = vads.create({ rateHz: 8000 });
      let spoken = 0;
      for (let done = 0; done < count; done += 1) {
        if (vad.isSpeech(frames[done % frames.length]!)) spoken += 1;
      }
      vad.close();
      return spoken;
    },
  };
}

/** One second of speech, one of silence, and so on; the checksum is the number of turns. */
function turnCase(): MicroCase {
  return {
    name: "turn detector",
    work(count) {
      let turns = 0;
      const ignore = (): void => undefined;
      const sink: TurnSink = {
        speechStarted: ignore,
        bargeInConfirmed: ignore,
        bargeInRejected: ignore,
        turnReopened: ignore,
        turnEnded: () => void (turns += 1),
      };
      const detector = createTurnDetector({ sink });
      for (let done = 0; done < count; done += 1) detector.frame(done % 100 < 50, 20);
      return turns;
    },
  };
}

export const vad = defineBench({
  name: "vad",
  question: "what does it cost to hear whether a frame is speech, and to make turns of it?",
  options: microOptions,
  run: vadBench,
  format: formatMicro,
});
