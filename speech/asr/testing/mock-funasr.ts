/**
 * Mock of a FunASR runtime in 2-pass mode. It decodes nothing before it has seen a first text with
 * `chunk_size`; pieces of the first pass are deltas. `is_final` is as the C++ server has it, or,
 * with `?server=python`, the other way round.
 */
import type { MockConnection } from "./mock-connection.js";
import { MockEar, pcmSamples, textOf } from "./mock-ear.js";
import type { HeardTone } from "./tone-words.js";

type Start = {
  is_speaking?: boolean;
  chunk_size?: number[];
  audio_fs?: number;
  wav_format?: string;
  hotwords?: string;
};

export function serveFunasr({ send, close, onMessage, scenario, query }: MockConnection): void {
  const isPython = query.get("server") === "python";
  let ear: MockEar | undefined;
  /** Words of the sentence that were sent as pieces. */
  let pieces = 0;
  const reply = (mode: string, text: string, isEnd: boolean, more: object = {}): void => {
    // The Python server echoes whether the client speaks.
    const isFinal = isPython ? !isEnd : isEnd;
    send({ mode, text, wav_name: "call", is_final: isFinal, ...more });
  };
  const sentence = (words: readonly HeardTone[], isEnd: boolean): void => {
    pieces = 0;
    if (words.length === 0) return reply("2pass-offline", "", isEnd);
    reply("2pass-offline", `${textOf(words)}.`, isEnd, timesOf(words));
  };
  const start = (text: string): void => {
    const said = JSON.parse(text) as Start;
    if (said.is_speaking === false) {
      sentence(ear?.end() ?? [], true);
      if (scenario === "lateText") sentence([{ text: "late", startMs: 0, endMs: 0 }], true);
      ear = undefined;
      return;
    }
    if (said.wav_format !== "pcm") {
      return send({
        mode: "2pass",
        text: "ERROR. Real-time transcription service ONLY SUPPORT PCM stream.",
      });
    }
    // Hot words are JSON inside of JSON.
    if (said.hotwords !== undefined) JSON.parse(said.hotwords);
    if (said.chunk_size !== undefined) ear = new MockEar(said.audio_fs ?? 16_000);
  };
  const hear = (data: Buffer): void => {
    const samples = pcmSamples(data);
    if (samples === undefined) return close(1011);
    ear?.hear(samples);
    if (ear === undefined) return;
    const done = ear.takeSentence();
    if (done !== undefined) return sentence(done, false);
    const fresh = ear.words.slice(pieces);
    if (fresh.length === 0) return;
    if (scenario === "error") return send({ mode: "2pass", text: "ERROR. Decoder failed." });
    if (scenario === "quota") return send({ error: "too many concurrent requests", code: 429 });
    pieces += fresh.length;
    reply("2pass-online", textOf(fresh), false);
  };
  onMessage((data, isBinary) => (isBinary ? hear(data) : start(data.toString())));
}

function timesOf(words: readonly HeardTone[]): object {
  const times = words.map(({ startMs, endMs }) => [startMs, endMs]);
  const stamp = {
    text_seg: textOf(words),
    punc: ".",
    start: words[0]?.startMs,
    end: words.at(-1)?.endMs,
    ts_list: times,
  };
  return { timestamp: JSON.stringify(times), stamp_sents: [stamp] };
}
