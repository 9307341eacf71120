/** What a recogniser is told about the answer that is awaited. Pure. */
import type { CompiledFlow, Expectation } from "../../dialog/dialog-types.js";
import type { CallSpec } from "./cast-ports.js";
import type { Grammar } from "../../speech/asr/recognizer.js";

/** A longer text is a sentence, not a name. */
const hotWordCharsMax = 60;

/** What is listened for: the callee's dialect, as long as they talk in the flow they began with. */
export function heardLanguage(spec: CallSpec, flow: CompiledFlow): string {
  const dialect = spec.flowId === flow.id ? spec.hearing?.dialect : flow.hearing.dialect;
  return dialect ?? flow.language;
}

/** The contact's own data, names above all, are words the caller is likely to say. */
export function answerGrammar(
  { phrases, digits }: Expectation,
  {
    language,
    variables,
  }: {
    readonly language: string;
    readonly variables: Readonly<Record<string, string>>;
  },
): Grammar {
  const hotWords = Object.values(variables).filter(
    (text) => text.length <= hotWordCharsMax && /\p{L}/u.test(text),
  );
  return {
    language,
    phrases,
    ...(digits === undefined ? {} : { digits }),
    ...(hotWords.length === 0 ? {} : { hotWords }),
  };
}
