/** The recording of a call as a WAV file: left the callee, right the agent. */
import { encodeWav } from "../../codecs/audio/wav.js";
import type { StorageConfig } from "../../config/schema.js";
import { readRecording } from "../../storage/recordings/recording-files.js";
import type { CallView } from "../engine-node.js";

/** @returns undefined where nothing was recorded */
export function recordingWav(
  { dataDir, kekFile }: StorageConfig,
  view: CallView | undefined,
): Uint8Array | undefined {
  if (view === undefined || view.recordedMs === 0) return undefined;
  const { userId, callId } = view;
  const { header, samples } = readRecording({ dataDir, kekFile, userId, callId });
  return encodeWav({ channels: header.channels, rateHz: header.rateHz, samples });
}
