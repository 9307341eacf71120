/**
 * Is Opus as good as G.711 where its payload is a third? The same sentences pass through each, and
 * a recogniser chooses among all of them what it heard.
 */
import { nodeTime } from "../../base/node-ports.js";
import { decodeMulaw, encodeMulaw } from "../../codecs/audio/g711.js";
import { openOpus } from "../../codecs/audio/opus.js";
import { OPUS_RATES, type OpusRate } from "../../codecs/audio/opus-line.js";
import { resampleWhole } from "../../codecs/audio/resampler.js";
import { DECOYS } from "../../engine/loopback/decoys.js";
import { comparable } from "../../speech/asr/comparable.js";
import { createLocalRecognizer } from "../../speech/asr/local-recognizer.js";
import { isPocketSphinxAvailable } from "../../speech/asr/pocketsphinx.js";
import type { Recognizer } from "../../speech/asr/recognizer.js";
import { createFlite } from "../../speech/tts/flite.js";

export type Understood = {
  readonly codec: string;
  readonly sentences: number;
  readonly understood: number;
};

const wideHz = 16_000;
const narrowHz = 8000;
const frameSamples = 320;
/** Two voices, so that it is not the taste of one. */
const voices = ["slt", "rms"] as const;

type Heard = { readonly samples: Int16Array; readonly rateHz: number };
type Line = readonly [codec: string, pass: (wide: Int16Array) => Heard];

/** Of `sentences` sentences by each voice. */
export async function understoodOfEach(sentences: number): Promise<Understood[]> {
  if (!isPocketSphinxAvailable().ok) return [];
  const recognizer = createLocalRecognizer({ scheduler: nodeTime() });
  const spoken = await speak(DECOYS.slice(0, sentences));
  const results: Understood[] = [];
  for (const [codec, pass] of lines()) {
    let understood = 0;
    for (const { text, wide } of spoken) {
      const heard = await recognised(recognizer, pass(wide));
      if (comparable(heard) === comparable(text)) understood += 1;
    }
    results.push({ codec, sentences: spoken.length, understood });
  }
  recognizer.close();
  return results;
}

export function understoodLine({ codec, sentences, understood }: Understood): string {
  return `${codec}: ${understood} of ${sentences} sentences understood`;
}

function lines(): Line[] {
  return [
    ["as spoken, 16 kHz", (samples) => ({ samples, rateHz: wideHz })],
    ["G.711, 64 kbit/s", (wide) => ({ samples: throughG711(wide), rateHz: narrowHz })],
    ...OPUS_RATES.map((rate): Line => {
      const name = `Opus, ${rate.bitsPerSecond / 1000} kbit/s`;
      return [name, (wide) => ({ samples: throughOpus(wide, rate), rateHz: wideHz })];
    }),
  ];
}

async function speak(texts: readonly string[]) {
  const flite = await createFlite();
  const spoken: { readonly text: string; readonly wide: Int16Array }[] = [];
  for (const voice of voices) {
    for (const text of texts) {
      const { samples, rateHz: fromHz } = await flite.synthesize({
        text,
        voice,
        language: "en-US",
      });
      spoken.push({ text, wide: resampleWhole({ fromHz, toHz: wideHz, samples }).slice() });
    }
  }
  return spoken;
}

function throughG711(wide: Int16Array): Int16Array {
  const narrow = resampleWhole({ fromHz: wideHz, toHz: narrowHz, samples: wide }).slice();
  const bytes = new Uint8Array(narrow.length);
  encodeMulaw(narrow, bytes);
  decodeMulaw(bytes, narrow);
  return narrow;
}

function throughOpus(wide: Int16Array, rate: OpusRate): Int16Array {
  const line = openOpus({ codec: "l16", rateHz: wideHz }, 20)!;
  line.setRate(rate);
  const heard = new Int16Array(Math.floor(wide.length / frameSamples) * frameSamples);
  for (let at = 0; at < heard.length; at += frameSamples) {
    const frame = new Uint8Array(wide.slice(at, at + frameSamples).buffer);
    const decoded = line.decode(line.encode(frame));
    heard.set(new Int16Array(decoded.slice().buffer).subarray(0, frameSamples), at);
  }
  return heard;
}

function recognised(recognizer: Recognizer, { samples, rateHz }: Heard): Promise<string> {
  const grammar = { language: "en-US", phrases: [...DECOYS] };
  return new Promise((resolve) => {
    const stream = recognizer.open({ grammar, rateHz }, (event) => {
      if (event.kind === "final") resolve(event.text);
      if (event.kind === "failed") resolve("");
    });
    stream.write(samples);
    stream.finish();
  });
}
