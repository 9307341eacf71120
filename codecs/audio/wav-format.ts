/**
 * What the reader and the writer of WAV files share: the types, the limits and the format numbers.
 *
 * @see Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0" (1991), RIFF
 */

/** Audio as a WAV file holds it: `samples` interleaved, a whole number of frames of `channels`. */
export type WavAudio = {
  readonly channels: number;
  readonly rateHz: number;
  readonly samples: Int16Array;
};

/** What the header of a 16-bit PCM file says. */
export type WavHeader = {
  readonly channels: number;
  readonly rateHz: number;
  /** Bytes after the header; left out when they are not known yet: "to the end of the file". */
  readonly dataBytes?: number;
};

/** Size of the header that we write. The size of the data lies in its last four bytes. */
export const WAV_HEADER_BYTES = 44;

/** More is a broken file rather than a recording. */
export const CHANNELS_MAX = 32;
/** The highest rate any sound card has, twice over. */
export const RATE_HZ_MAX = 768_000;
/** A size that says "until the end of the file"; so no size can be as large. */
export const UNKNOWN_SIZE = 0xffffffff;
/** The format number of linear PCM, the only one that we write. */
export const FORMAT_PCM = 1;
