/**
 * The voices that there are on a machine: flite's four, and variants of eSpeak NG where it is
 * installed. Each says sentences of its own, as a telephone carries them.
 */
import { spawnSync } from "node:child_process";
import { encodeMulaw, decodeMulaw } from "../../codecs/audio/g711.js";
import { createResampler } from "../../codecs/audio/resampler.js";
import { decodeWav } from "../../codecs/audio/wav.js";
import { createFlite } from "../../speech/tts/flite.js";

const fliteVoices = ["slt", "rms", "awb", "kal"];
const espeakVoices = ["en+m1", "en+m3", "en+m5", "en+m7", "en+f1", "en+f2", "en+f4", "en+f5"];
const rateHz = 8000;

export type Voice = {
  readonly name: string;
  /** PCM16 at 8 kHz, through μ-law and back. */
  readonly say: (text: string) => Promise<Int16Array>;
};

export async function voicesHere(): Promise<Voice[]> {
  const flite = await createFlite();
  const ours = fliteVoices.map((name): Voice => {
    const say = async (text: string) => {
      const pcm = await flite.synthesize({ text, voice: name, language: "en-US" });
      return throughTelephone(pcm.samples, pcm.rateHz);
    };
    return { name, say };
  });
  return [...ours, ...(hasEspeak() ? espeakVoices.map(espeakVoice) : [])];
}

function hasEspeak(): boolean {
  return spawnSync("espeak-ng", ["--version"], { stdio: "ignore" }).status === 0;
}

function espeakVoice(name: string): Voice {
  const say = (text: string): Promise<Int16Array> => {
    const { stdout } = spawnSync("espeak-ng", ["-v", name, "--stdout", text]);
    // Its header promises more than there is: it did not know the length yet.
    const { samples, rateHz: fromHz } = decodeWav(withTrueLength(stdout));
    return Promise.resolve(throughTelephone(samples, fromHz));
  };
  return { name: `espeak ${name}`, say };
}

function withTrueLength(wav: Buffer): Uint8Array {
  const bytes = Buffer.from(wav);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.writeUInt32LE(bytes.length - 44, 40);
  return bytes;
}

function throughTelephone(samples: Int16Array, fromHz: number): Int16Array {
  const narrow =
    fromHz === rateHz
      ? samples.slice()
      : createResampler({ fromHz, toHz: rateHz }).process(samples).slice();
  const bytes = new Uint8Array(narrow.length);
  encodeMulaw(narrow, bytes);
  decodeMulaw(bytes, narrow);
  return narrow;
}

/** White noise at that ratio to the speech, in dB; the same for the same seed. */
export function withNoise(samples: Int16Array, snrDb: number, seed: number): Int16Array {
  const energy = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const amplitude = Math.sqrt((3 * energy) / 10 ** (snrDb / 10));
  let state = seed;
  return samples.map((sample) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const noise = ((state >> 8) / 0x40_0000 - 1) * amplitude;
    return Math.max(-32_768, Math.min(32_767, Math.round(sample + noise)));
  });
}
