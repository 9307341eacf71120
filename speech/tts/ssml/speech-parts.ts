/** A text → the parts that are asked for one after the other: sentences, or a document whole. */
import { isSsml } from "../../../codecs/ssml/ssml.js";
import { splitSentences } from "../sentences.js";

/** None when there is nothing to speak. Pure. */
export function speechParts(text: string): string[] {
  return isSsml(text) ? [text] : splitSentences(text);
}
