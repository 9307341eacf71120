/**
 * The embedded recogniser inside this thread, for processes that have nothing urgent to do besides:
 * the simulated callee judges what it hears with it. Everybody else talks to the recognition
 * processes through `recognition-client.ts`.
 */
import { createRecognitionEngine, type RecognitionEngine } from "./recognition-engine.js";
import type { RecognitionEngineOptions } from "./recognition-engine.js";

/**
 * @param options as of the engine; one decoder unless more streams are open at once
 * @throws as `createRecognitionEngine`
 */
export function createLocalRecognizer(
  options: Omit<RecognitionEngineOptions, "decoders"> & { readonly decoders?: number },
): RecognitionEngine {
  return createRecognitionEngine({ decoders: 1, ...options });
}
