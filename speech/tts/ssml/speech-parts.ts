/** A text → the parts that are asked for one after the other: sentences. Pure. */
import { splitSentences } from "../sentences.js";

/** None when there is nothing to speak. */
export function speechParts(text: string): string[] {
  return splitSentences(text);
}
