/** What all calls of a callee process share. */
import type { Rng, Time } from "../../base/ports.js";
import type { Recognizer } from "../../speech/asr/recognizer.js";
import type { VadFactory } from "../../speech/vad/vad.js";
import type { CalleeSettings, RecognitionState } from "./callee-messages.js";
import type { CalleeMedia } from "./media-connection.js";
import type { Voice } from "./voice.js";

export type CalleeParts = {
  readonly settings: CalleeSettings;
  readonly time: Time;
  /** For the noise of the line. */
  readonly rng: Rng;
  readonly vad: VadFactory;
  readonly voice: Voice;
  /** Default: a media stream to our gateway. */
  readonly media?: CalleeMedia;
  /** Absent: prompts are not understood, and `recognition` says why. */
  readonly recognizer: Recognizer | undefined;
  readonly recognition: RecognitionState;
};
