/**
 * Where rendered prompts outlive the process. A layer is a cache and nothing else: what it cannot
 * give or keep is rendered again, so neither of its functions ever rejects.
 */
import { createHash } from "node:crypto";
import { formatKey, type AudioFormat } from "../../codecs/audio/audio-codec.js";

export interface PromptLayer {
  /** For figures, e.g. `disk`. */
  readonly name: string;
  /** Undefined when it has none, or none that is whole. */
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, audio: Uint8Array): Promise<void>;
}

/** Counts up when the same speech is encoded otherwise: trimmed, levelled, resampled. */
const encodingVersion = 1;
const digestBytes = 32;
const magic = Buffer.from("VXP1");

/**
 * What a prompt is called in a layer: 64 hexadecimal digits of all that its bytes depend on.
 *
 * @param speaker who speaks for the voices of flows: their vendors, models and settings
 */
export function layerKey(promptId: string, format: AudioFormat, speaker: string): string {
  const content = JSON.stringify([encodingVersion, speaker, promptId, formatKey(format)]);
  return createHash("sha256").update(content).digest("hex");
}

/** Audio with a checksum before it: half a file is no prompt. */
export function sealPrompt(audio: Uint8Array): Uint8Array {
  return Buffer.concat([magic, digestOf(audio), audio]);
}

/** The audio, in shared memory; undefined when it is not what was sealed. */
export function openPrompt(sealed: Uint8Array): Uint8Array<SharedArrayBuffer> | undefined {
  const headBytes = magic.length + digestBytes;
  if (sealed.length <= headBytes || !magic.equals(sealed.subarray(0, magic.length))) {
    return undefined;
  }
  const audio = sealed.subarray(headBytes);
  if (!digestOf(audio).equals(sealed.subarray(magic.length, headBytes))) return undefined;
  const shared = new Uint8Array(new SharedArrayBuffer(audio.length));
  shared.set(audio);
  return shared;
}

function digestOf(audio: Uint8Array): Buffer {
  return createHash("sha256").update(audio).digest();
}
