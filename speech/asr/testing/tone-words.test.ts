import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMulaw, encodeMulaw } from "../../../codecs/audio/g711.js";
import { resampleWhole } from "../../../codecs/audio/resampler.js";
import { loadVad } from "../../vad/fvad.js";
import { speakTones, ToneListener, toneWordMs, toneWords } from "./tone-words.js";

function heard(samples: Int16Array, rateHz: number, pieceSamples = 777): ToneListener {
  const listener = new ToneListener(rateHz);
  for (let at = 0; at < samples.length; at += pieceSamples) {
    listener.hear(samples.subarray(at, at + pieceSamples));
  }
  listener.end();
  return listener;
}

function mulaw(samples: Int16Array): Int16Array {
  const bytes = new Uint8Array(samples.length);
  const back = new Int16Array(samples.length);
  encodeMulaw(samples, bytes);
  decodeMulaw(bytes, back);
  return back;
}

/** `lead` silent samples before it: words then lie across the blocks of the listener. */
function after(lead: number, samples: Int16Array): Int16Array {
  const all = new Int16Array(lead + samples.length);
  all.set(samples, lead);
  return all;
}

const sentence = fc.array(fc.constantFrom(...toneWords), { minLength: 1, maxLength: 6 });

describe("tone words", () => {
  it("are heard as they were spoken, wherever they begin, and through a telephone", () => {
    fc.assert(
      fc.property(sentence, fc.nat(200), (words, lead) => {
        const narrow = after(lead, mulaw(speakTones(words, 8000)));
        expect(heard(narrow, 8000).text).toBe(words.join(" "));
        const wide = resampleWhole({ fromHz: 8000, toHz: 16_000, samples: narrow });
        expect(heard(wide, 16_000).text).toBe(words.join(" "));
      }),
      { numRuns: 40 },
    );
  });

  it("every word has tones of its own", () => {
    expect(new Set(toneWords).size).toBe(36);
    expect(heard(speakTones(toneWords, 8000), 8000).text).toBe(toneWords.join(" "));
  });

  it("show a frame that was lost or doubled, wherever it was", () => {
    const words = ["yes", "seven", "seven", "please"];
    const whole = mulaw(speakTones(words, 8000));
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 4 * toneWordMs - 80 }),
        fc.boolean(),
        (atMs, isLost) => {
          const at = atMs * 8;
          const rest = whole.subarray(isLost ? at + 160 : at - 160);
          const broken = new Int16Array([...whole.subarray(0, at), ...rest]);
          const { text } = heard(broken, 8000);
          // A longer pause between two words is none of anybody's business.
          const isPause = !isLost && (atMs - 20) % toneWordMs > 180 - 12;
          if (!isPause) expect(text).not.toBe(words.join(" "));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("show 100 ms that were lost or doubled", () => {
    const whole = speakTones(["yes", "no", "maybe"], 8000);
    const cut = new Int16Array([...whole.subarray(0, 800), ...whole.subarray(1600)]);
    expect(heard(cut, 8000).text).toBe("[-yes] [gap] no maybe");
    const twice = new Int16Array([...whole.subarray(0, 1600), ...whole.subarray(800)]);
    expect(heard(twice, 8000).text).not.toContain("yes no maybe");
  });

  it("know when they were said", () => {
    const { words } = heard(after(1234, speakTones(["yes", "no"], 8000)), 8000);
    expect(words.map(({ startMs }) => Math.round((startMs - 154) / 10))).toEqual([0, 24]);
  });

  it("are speech to the voice detector", async () => {
    const vad = (await loadVad()).create({ rateHz: 8000 });
    const samples = after(8000, mulaw(speakTones(["yes", "please", "tomorrow", "nine"], 8000)));
    const frames = Array.from({ length: samples.length / 160 }, (_, index) =>
      vad.isSpeech(samples.subarray(index * 160, (index + 1) * 160)),
    );
    vad.close();
    expect(frames.slice(0, 50).filter(Boolean)).toHaveLength(0);
    expect(frames.slice(50).filter(Boolean).length).toBeGreaterThan(35);
  });

  it("refuse what is no word", () => {
    expect(() => speakTones(["perhaps"], 8000)).toThrow(/"perhaps" is none of: zero, one/);
  });
});
