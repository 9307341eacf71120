/**
 * Vonage's WebSockets, jambonz's `listen`, and FreeSWITCH's `mod_audio_fork` and
 * `mod_audio_stream`. The call is named by `callId` and `token`: in Vonage's headers, in the
 * metadata of the others, or in the URL's query.
 *
 * @see https://developer.vonage.com/en/voice/voice-api/concepts/websockets
 * @see https://docs.jambonz.org/verbs/verbs/listen
 */
import { parseAudioFork } from "../../codecs/wire/audio-fork.js";
import {
  AUDIO_STREAM_PIECE_MS,
  audioStreamStart,
  parseAudioStream,
} from "../../codecs/wire/audio-stream.js";
import { parseVonage } from "../../codecs/wire/vonage.js";
import { binaryStreamProtocol } from "./binary-stream-session.js";
import type { MediaProtocol } from "./media-protocol.js";

export function vonageProtocol(): MediaProtocol {
  return binaryStreamProtocol({ name: "vonage", path: "/media/vonage", parse: parseVonage });
}

/** It refuses a server that does not echo its subprotocol. */
export function jambonzProtocol(): MediaProtocol {
  return binaryStreamProtocol({
    name: "jambonz",
    path: "/media/jambonz",
    subprotocol: "audio.jambonz.org",
    parse: parseAudioFork,
  });
}

/** It refuses a server that does not echo its subprotocol. */
export function audioForkProtocol(): MediaProtocol {
  return binaryStreamProtocol({
    name: "audio-fork",
    path: "/media/audio-fork",
    subprotocol: "audio.drachtio.org",
    parse: parseAudioFork,
  });
}

/** It knows no marks: what was sent is taken to be heard when its time is over. */
export function audioStreamProtocol(): MediaProtocol {
  return binaryStreamProtocol({
    name: "audio-stream",
    path: "/media/audio-stream",
    parse: parseAudioStream,
    startOfAudio: audioStreamStart,
    isStartRepeated: true,
    pieceMs: AUDIO_STREAM_PIECE_MS,
  });
}
