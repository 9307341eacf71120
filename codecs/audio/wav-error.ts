/** The errors of WAV files, apart from the reader and the writer because both throw them. */
import { AudioError } from "./audio-error.js";

/** A WAV file cannot be read or written; `detail.offset`, if any, is the byte it is about. */
export class WavError extends AudioError {}

/** The file ends before what it announces. */
export function wavTruncated(what: string, offset: number, declared: number, available: number) {
  return new WavError(
    "WAV_TRUNCATED",
    `WAV, byte ${offset}: ${what} announces ${declared} bytes, ${available} are there`,
    { offset, declared, available },
  );
}

/** The file contradicts itself, or is no WAV file. */
export function wavBroken(offset: number, message: string): WavError {
  return new WavError("WAV_BROKEN", `WAV, byte ${offset}: ${message}`, { offset });
}

/** The file is fine, but of a kind that we do not read. */
export function wavUnsupported(offset: number, message: string): WavError {
  return new WavError("WAV_UNSUPPORTED", `WAV, byte ${offset}: ${message}`, { offset });
}

/** The caller asks for a header that the format cannot express. */
export function wavUnwritable(name: string, value: number, right: string): WavError {
  return new WavError("WAV_UNWRITABLE", `WAV: ${name} is ${value}, ${right} is right`, {
    [name]: value,
  });
}
