/** Whether a frame of μ-law is loud enough to be heard. */
import { decodeMulaw } from "../../codecs/audio/g711.js";
import { rmsDbfs } from "../../codecs/audio/level.js";

/** Quieter frames are silence to an ear: our prompts are levelled to −20 dBFS. */
const audibleDbfs = -50;

const samples = new Int16Array(160);

export function isAudible(payload: Uint8Array): boolean {
  const frame = samples.subarray(0, payload.length);
  decodeMulaw(payload.subarray(0, frame.length), frame);
  return rmsDbfs(frame) > audibleDbfs;
}
