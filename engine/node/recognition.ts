/** The recognition processes of this node, or why there are none. */
import type { Time } from "../../base/ports.js";
import type { RecognitionConfig } from "../../config/schema.js";

export type Recognition = {
  /** Where shards reach the processes; none: callers answer by keypad. */
  readonly sockets: readonly string[];
  /** What is missing and how to get it. */
  readonly note: string | undefined;
  stop(): Promise<void>;
};

export function startRecognition(config: RecognitionConfig, _time: Time): Promise<Recognition> {
  const note = config.isEnabled ? "not yet" : "speech recognition is switched off";
  return Promise.resolve({ sockets: [], note, stop: () => Promise.resolve() });
}
