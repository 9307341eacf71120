/** Question: what does one 20 ms frame cost in each codec, resampler and wire format? */
import { Buffer } from "node:buffer";
import { codecOf, type CodecName } from "../../codecs/audio/audio-codec.js";
import { createResampler } from "../../codecs/audio/resampler.js";
import { decodePayload } from "../../codecs/wire/json-stream.js";
import {
  emptyNativeHeader,
  encodeRecord,
  readRecord,
  RECORD_TYPES,
} from "../../codecs/wire/native-v1.js";
import {
  emptyTwilioMediaScan,
  parseTwilio,
  twilioScanner,
  twilioWriter,
} from "../../codecs/wire/twilio.js";
import { defineBench, type Progress } from "../support/bench.js";
import { formatMicro, microOptions, runMicro, type MicroCase } from "../support/micro.js";

const frameSamples = 160;
const sine = Int16Array.from({ length: frameSamples }, (_, at) => Math.sin(at / 5) * 9000);

export function codecsBench(values: { readonly seconds: number }, progress: Progress) {
  const audio = (["pcmu", "pcma", "l16"] as const).flatMap(codecCases);
  const rates = [resampling(8000, 16_000), resampling(16_000, 8000), resampling(24_000, 8000)];
  return runMicro(
    "codecs",
    [...audio, ...rates, ...nativeCases(), ...twilioCases()],
    values,
    progress,
  );
}

function codecCases(name: CodecName): MicroCase[] {
  const codec = codecOf(name);
  const bytes = new Uint8Array(frameSamples * codec.bytesPerSample);
  const samples = new Int16Array(frameSamples);
  codec.encode(sine, bytes);
  return [
    {
      name: `${name} decode`,
      work(count) {
        for (let done = 0; done < count; done += 1) codec.decode(bytes, samples);
        return samples[10]! + samples[159]!;
      },
    },
    {
      name: `${name} encode`,
      work(count) {
        for (let done = 0; done < count; done += 1) codec.encode(sine, bytes);
        return bytes[10]! + bytes.at(-1)!;
      },
    },
  ];
}

function resampling(fromHz: number, toHz: number): MicroCase {
  const samples = new Int16Array((fromHz * 20) / 1000).map((_, at) => Math.sin(at / 5) * 9000);
  return {
    name: `resample ${fromHz} → ${toHz}`,
    work(count) {
      const resampler = createResampler({ fromHz, toHz });
      let sum = 0;
      for (let done = 0; done < count; done += 1) sum += resampler.process(samples)[3]!;
      return sum;
    },
  };
}

function nativeCases(): MicroCase[] {
  const header = emptyNativeHeader();
  header.type = RECORD_TYPES.audio;
  header.codecId = 1;
  header.streamId = 1;
  const payload = new Uint8Array(frameSamples).fill(0x55);
  const message = encodeRecord(header, payload);
  const into = emptyNativeHeader();
  return [
    {
      name: "native read",
      work(count) {
        let sum = 0;
        for (let done = 0; done < count; done += 1) sum += readRecord(message, 0, into, 65_536);
        return sum;
      },
    },
    {
      name: "native write",
      work(count) {
        let sum = 0;
        for (let done = 0; done < count; done += 1) sum += encodeRecord(header, payload)[24]!;
        return sum;
      },
    },
  ];
}

function twilioCases(): MicroCase[] {
  const payload = Buffer.alloc(frameSamples, 0x55);
  const text =
    '{"event":"media","sequenceNumber":"4711","media":{"track":"inbound","chunk":"4710",' +
    `"timestamp":"94200","payload":"${payload.toString("base64")}"},"streamSid":"MZ1"}`;
  const scanner = twilioScanner("MZ1");
  const scan = emptyTwilioMediaScan();
  const into = Buffer.alloc(1024);
  const writer = twilioWriter("MZ1");
  return [
    {
      name: "twilio read",
      work(count) {
        let sum = 0;
        for (let done = 0; done < count; done += 1) {
          if (scanner(text, scan))
            sum += decodePayload(text, scan.payloadStart, scan.payloadEnd, into);
        }
        return sum + into[0]!;
      },
    },
    {
      name: "twilio read by JSON.parse",
      work(count) {
        let sum = 0;
        for (let done = 0; done < count; done += 1) {
          const message = parseTwilio(text);
          if (message.event !== "media") continue;
          sum += decodePayload(message.payload, 0, message.payload.length, into);
        }
        return sum + into[0]!;
      },
    },
    {
      name: "twilio write",
      work(count) {
        let sum = 0;
        for (let done = 0; done < count; done += 1) sum += writer.media(payload).length;
        return sum;
      },
    },
  ];
}

export const codecs = defineBench({
  name: "codecs",
  question: "what does one 20 ms frame cost in each codec, resampler and wire format?",
  options: microOptions,
  run: async (values, progress) => Promise.resolve(codecsBench(values, progress)),
  format: formatMicro,
});
