/** The identity of a spoken text: the same words in the same voice are one prompt everywhere. */
import { createHash } from "node:crypto";
import type { SpeechRequest } from "../tts/synthesizer.js";

/**
 * Content hash of a request: 16 hexadecimal digits, the head of a SHA-256. Pure and stable between
 * processes and releases, so that shards, gateway and logs mean the same prompt by it.
 */
export function promptId({ text, voice, language }: SpeechRequest): string {
  const content = JSON.stringify([voice, language, text]);
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
