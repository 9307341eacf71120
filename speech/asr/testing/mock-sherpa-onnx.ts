/**
 * Mock of a sherpa-onnx streaming server: floats in, the same text again and again, `Done!` at the
 * end and the closing left to the client. With `?server=python` a text and its segment only, and
 * it closes by itself; with `?server=old` quotes are not escaped.
 */
import type { MockConnection } from "./mock-connection.js";
import { MockEar, textOf } from "./mock-ear.js";
import type { HeardTone } from "./tone-words.js";

const rateHz = 16_000;

export function serveSherpaOnnx({ send, close, onMessage, scenario, query }: MockConnection): void {
  const server = query.get("server") ?? "cpp";
  const ear = new MockEar(rateHz);
  let segment = 0;
  const reply = (words: readonly HeardTone[], isFinal: boolean, isEof = false): void => {
    const text = textOf(words);
    if (server === "python") return send({ text, segment });
    if (server === "old") {
      // As it was printed: without escapes.
      return send(
        `{"text":"${text === "" ? "" : `"${text}"`}","tokens":[],"segment":${segment},"is_final":${isFinal}}`,
      );
    }
    send({
      text,
      tokens: words.map((word) => ` ${word.text}`),
      timestamps: words.map(({ startMs }) => startMs / 1000),
      ys_probs: [],
      lm_probs: [],
      context_scores: [],
      segment,
      words: [],
      start_time: 0,
      is_final: isFinal,
      is_eof: isEof,
    });
  };
  const end = (): void => {
    reply(ear.end(), true, true);
    if (scenario === "lateText") reply([{ text: "late", startMs: 0, endMs: 0 }], false);
    if (server === "python") close();
    else send("Done!");
  };
  const hear = (data: Buffer): void => {
    if (data.length % 4 !== 0) return close(1011, "half a sample");
    const floats = new Float32Array(new Uint8Array(data).buffer);
    if (floats.some((value) => Math.abs(value) > 1)) return close(1011, "out of range");
    ear.hear(Int16Array.from(floats, (value) => Math.round(value * 32_768)));
    const sentence = ear.takeSentence();
    if (sentence !== undefined) {
      reply(sentence, true);
      segment += 1;
    } else if (scenario === "error" && ear.text !== "") send({ error: "decoder failed" });
    else if (scenario === "quota" && ear.text !== "") send({ error: "too many connections" });
    else reply(ear.words, false);
  };
  onMessage((data, isBinary) => {
    if (isBinary) hear(data);
    else if (data.toString() === "Done") end();
  });
}
