/** AudioSocket, Genesys and `mod_audio_stream` from their side, for tests and benches. */
import {
  audioSocketAudio,
  audioSocketHangup,
  audioSocketId,
  audioSocketKey,
  readAudioSocket,
} from "../../codecs/wire/audiosocket.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import { readFields, type FieldReader } from "../../codecs/wire/fields.js";
import { parseJson } from "../../codecs/wire/json-stream.js";
import type { BinaryOrder, BinaryPeer } from "./binary-client.js";
import { decodeBase64 } from "./base64.js";

const slin16: AudioFormat = { codec: "l16", rateHz: 16000 };

/** Asterisk's AudioSocket. @param uuid the ticket of its call */
export function audioSocketPeer(uuid: string): BinaryPeer {
  return {
    format: slin16,
    isInUrl: false,
    start: () => audioSocketId(uuid),
    dtmf: audioSocketKey,
    wrap: (frame) => audioSocketAudio(slin16, frame),
    hangup: audioSocketHangup,
    read(message) {
      if (typeof message === "string") return { kind: "other" };
      const packet = readAudioSocket(message);
      if (packet.kind === "hangup") return { kind: "hangup" };
      const isSpeech = packet.kind === "audio" && packet.format.rateHz === slin16.rateHz;
      return isSpeech ? { kind: "audio", payload: packet.payload } : { kind: "other" };
    },
  };
}

/** @see https://github.com/amigniter/mod_audio_stream */
export function audioStreamPeer(playback: "binary" | "file"): BinaryPeer {
  return {
    format: slin16,
    isInUrl: false,
    start: ({ callId, token }) => JSON.stringify({ callId, token, rate: 16000, playback }),
    dtmf: (digit) => JSON.stringify({ event: "dtmf", digit }),
    read(text) {
      const message = readFields(parseJson(String(text)), "message");
      if (message.oneOf("type", ["streamAudio", "killAudio"]) === "killAudio") {
        return { kind: "clear" };
      }
      const data = message.map("data");
      data.oneOf("sampleRate", [16000]);
      const base64 = data.text("audioData", { lengthMax: 1_000_000 });
      return { kind: "audio", payload: decodeBase64(base64) ?? new Uint8Array(0) };
    },
  };
}

/** @see https://developer.genesys.cloud/devapps/audiohook/protocol-reference */
export function audioHookPeer(channels: readonly string[] = ["external"]): BinaryPeer {
  const line = new AudioHookLine();
  const offer = { type: "audio", format: "PCMU", channels, rate: 8000 };
  return {
    format: { codec: "pcmu", rateHz: 8000 },
    isInUrl: false,
    waitsForReady: true,
    start: ({ callId, token }) =>
      line.say("open", {
        organizationId: "o-1",
        conversationId: "c-1",
        participant: { id: "p-1", ani: "", aniName: "", dnis: "" },
        media: [{ ...offer, format: "G729" }, offer],
        inputVariables: { callId, token },
      }),
    dtmf: (digit) => line.say("dtmf", { digit }),
    playedOut: () => line.say("playback_completed", {}),
    hangup: () => line.say("close", { reason: "end" }),
    ...(channels.length === 1 ? {} : { wrap: interleaved }),
    read: (message) => (typeof message === "string" ? line.read(message) : audio(message)),
  };
}

function audio(payload: Uint8Array): BinaryOrder {
  return { kind: "audio", payload };
}

/** The callee first, our own voice second. */
function interleaved(frame: Uint8Array): Uint8Array {
  return frame.reduce(
    (both, sample, index) => {
      both[index * 2] = sample;
      both[index * 2 + 1] = 0x55;
      return both;
    },
    new Uint8Array(frame.length * 2),
  );
}

/** One side of the numbered conversation. */
class AudioHookLine {
  #seq = 0;
  #serverSeq = 0;

  say(type: string, parameters: object): string {
    this.#seq += 1;
    const place = { id: "s-1", seq: this.#seq, serverseq: this.#serverSeq };
    return JSON.stringify({ version: "2", ...place, type, position: "PT0S", parameters });
  }

  read(text: string): BinaryOrder {
    const message = readFields(parseJson(text), "message");
    this.#serverSeq = message.integer("seq", { min: this.#serverSeq + 1, max: 1e9 });
    message.integer("clientseq", { min: 0, max: this.#seq });
    return this.#order(message.text("type", { lengthMax: 32 }), message);
  }

  #order(type: string, message: FieldReader): BinaryOrder {
    switch (type) {
      case "opened":
        return { kind: "ready" };
      case "event":
        return message.map("parameters").all["entities"] === undefined
          ? { kind: "other" }
          : { kind: "clear" };
      case "disconnect":
        return { kind: "hangup" };
      case "closed":
        return { kind: "close" };
      default:
        return { kind: "other" };
    }
  }
}
