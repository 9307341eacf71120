/**
 * The JSON streams of Telnyx, Plivo and Exotel. The call is named by `callId` and `token`, in the
 * carrier's own parameters or in the query of the URL it was given.
 *
 * @see https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming
 * @see https://www.plivo.com/docs/voice/concepts/audio-streaming
 * @see https://developer.exotel.com/api/agentstream
 */
import type { OpenOpus } from "../../codecs/audio/opus-line.js";
import { EXOTEL_PIECE_BYTES_MIN, exotelWriter, parseExotel } from "../../codecs/wire/exotel.js";
import { parsePlivo, plivoWriter } from "../../codecs/wire/plivo.js";
import { askedOfTelnyx, parseTelnyx, telnyxWriter } from "../../codecs/wire/telnyx.js";
import { jsonStreamProtocol } from "./json-stream-session.js";
import type { MediaProtocol } from "./media-protocol.js";

/** Telnyx does not promise the order of media. @param openOpus for calls that asked for Opus */
export function telnyxProtocol(openOpus?: OpenOpus): MediaProtocol {
  return jsonStreamProtocol({
    name: "telnyx",
    path: "/media/telnyx",
    clearedMarks: "returned",
    parse: parseTelnyx,
    writer: () => telnyxWriter,
    isReordering: true,
    asked: askedOfTelnyx,
    openOpus,
  });
}

/** Plivo says nothing about checkpoints that it cleared. */
export function plivoProtocol(): MediaProtocol {
  return jsonStreamProtocol({
    name: "plivo",
    path: "/media/plivo",
    clearedMarks: "dropped",
    parse: parsePlivo,
    writer: plivoWriter,
  });
}

/** Exotel plays pieces under 100 ms with gaps. */
export function exotelProtocol(): MediaProtocol {
  return jsonStreamProtocol({
    name: "exotel",
    path: "/media/exotel",
    clearedMarks: "returned",
    parse: parseExotel,
    writer: exotelWriter,
    pieceBytesMin: EXOTEL_PIECE_BYTES_MIN,
  });
}
