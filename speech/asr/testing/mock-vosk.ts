/**
 * Mock of a Vosk server: one reply to every chunk, `{"eof" : 1}` compared as a text, configuration
 * only before the first audio, and a connection that is dropped without a word for what it cannot
 * read.
 */
import type { MockConnection } from "./mock-connection.js";
import { MockEar, pcmSamples, textOf } from "./mock-ear.js";
import type { HeardTone } from "./tone-words.js";

const eof = '{"eof" : 1}';
const defaultRateHz = 8000;

export function serveVosk({ send, close, onMessage, scenario }: MockConnection): void {
  let rateHz = defaultRateHz;
  let phrases: readonly string[] | undefined;
  let ear: MockEar | undefined;
  /** A closed grammar knows no other words. */
  const known = (words: readonly HeardTone[]): readonly HeardTone[] => {
    const vocabulary = phrases?.flatMap((phrase) => phrase.split(" "));
    return vocabulary === undefined
      ? words
      : words.map((word) => (vocabulary.includes(word.text) ? word : { ...word, text: "[unk]" }));
  };
  const final = (heard: readonly HeardTone[]): object => {
    const words = known(heard);
    if (words.length === 0) return { text: "" };
    const result = words.map(({ text, startMs, endMs }) => {
      return { conf: 1, start: startMs / 1000, end: endMs / 1000, word: text };
    });
    return { result, text: textOf(words) };
  };
  const configure = (text: string): void => {
    const { config } = JSON.parse(text) as {
      config: { sample_rate?: number; phrase_list?: string[] };
    };
    if (ear !== undefined) return;
    rateHz = config.sample_rate ?? defaultRateHz;
    phrases = config.phrase_list;
  };
  const receiveText = (text: string): void => {
    if (text.includes("config")) return configure(text);
    if (text !== eof) return close(1011);
    send(final(ear?.end() ?? []));
    if (scenario === "lateText") send({ partial: "late" });
    close();
  };
  onMessage((data, isBinary) => {
    if (!isBinary) return receiveText(data.toString());
    const samples = pcmSamples(data);
    if (samples === undefined) return close(1011);
    ear ??= new MockEar(rateHz);
    ear.hear(samples);
    const sentence = ear.takeSentence();
    if (scenario === "error" && ear.text !== "") send({ error: "decoder failed" });
    else if (scenario === "quota" && ear.text !== "") send({ error: "too many requests" });
    else if (sentence !== undefined) send(final(sentence));
    else send({ partial: textOf(known(ear.words)) });
  });
}
