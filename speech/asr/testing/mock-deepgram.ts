/**
 * Mock of Deepgram live: settings in the URL, results that cover their stretch of audio, Finalize,
 * CloseStream with Metadata behind it. A control message that is sent as binary is taken for audio.
 */
import { decodeMulaw } from "../../../codecs/audio/g711.js";
import type { MockConnection } from "./mock-connection.js";
import { MockEar, pcmSamples, textOf } from "./mock-ear.js";
import type { HeardTone } from "./tone-words.js";

export function serveDeepgram({
  send,
  close,
  onMessage,
  scenario,
  query,
  headers,
}: MockConnection): void {
  if (headers.authorization?.startsWith("Token ") !== true) return close(1008, "no token");
  const encoding = query.get("encoding");
  const ear = new MockEar(Number(query.get("sample_rate")));
  let startMs = 0;
  const results = (words: readonly HeardTone[], flags: object): void =>
    send({ ...resultsOf(words, startMs, ear.heardMs), ...flags });
  const final = (words: readonly HeardTone[], isFromFinalize: boolean): void => {
    results(words, { is_final: true, speech_final: true, from_finalize: isFromFinalize });
    startMs = ear.heardMs;
  };
  const control = (type: unknown): void => {
    if (type === "Finalize") return final(ear.end(), true);
    if (type !== "CloseStream") return;
    if (scenario === "lateText") final([{ text: "late", startMs: 0, endMs: 0 }], true);
    send({ type: "Metadata", request_id: "r", duration: ear.heardMs / 1000, channels: 1 });
    close();
  };
  const hear = (data: Buffer): void => {
    const samples = encoding === "mulaw" ? new Int16Array(data.length) : pcmSamples(data);
    if (samples === undefined) return close(1008, "DATA-0000");
    if (encoding === "mulaw") decodeMulaw(data, samples);
    ear.hear(samples);
    if (ear.text !== "" && scenario === "error") {
      return send({ type: "Error", description: "internal error", variant: "NET-0000" });
    }
    const sentence = ear.takeSentence();
    if (sentence !== undefined) {
      final(sentence, false);
      return send({ type: "UtteranceEnd", channel: [0, 1], last_word_end: ear.heardMs / 1000 });
    }
    if (!ear.isNews()) return;
    send({ type: "SpeechStarted", channel: [0, 1], timestamp: ear.words[0]!.startMs / 1000 });
    results(ear.words, { is_final: false, speech_final: false, from_finalize: false });
  };
  onMessage((data, isBinary) => {
    if (isBinary) hear(data);
    else control((JSON.parse(data.toString()) as { type: unknown }).type);
  });
}

function resultsOf(words: readonly HeardTone[], startMs: number, endMs: number): object {
  const transcript = textOf(words);
  const alternative = {
    transcript,
    confidence: transcript === "" ? 0 : 0.99,
    words: words.map(({ text, startMs: start, endMs: end }) => {
      return { word: text, start: start / 1000, end: end / 1000, confidence: 0.99 };
    }),
  };
  return {
    type: "Results",
    channel_index: [0, 1],
    start: startMs / 1000,
    duration: (endMs - startMs) / 1000,
    channel: { alternatives: [alternative] },
  };
}
