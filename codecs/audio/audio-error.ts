/**
 * What this room throws. Every message names the place, the value and what would be right, because
 * most of these errors are caused by a peer or a file, and somebody will have to find out which.
 */
import { EngineError } from "../../base/errors.js";

/** An error of the audio codecs; match on `code`. */
export class AudioError extends EngineError {}

/**
 * Checks that the caller's output buffer holds what a conversion is about to write.
 *
 * @throws {AudioError} `AUDIO_BUFFER_TOO_SMALL` when `available` is below `needed` (both elements).
 */
export function requireOutput(place: string, available: number, needed: number): void {
  if (available >= needed) return;
  throw new AudioError(
    "AUDIO_BUFFER_TOO_SMALL",
    `${place}: output holds ${available} elements, the input needs ${needed}`,
    { place, available, needed },
  );
}
