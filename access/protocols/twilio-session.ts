/**
 * Twilio Media Streams: μ-law at 8000 Hz. The call is named by the custom parameters `callId` and
 * `token`, since Twilio drops the URL's query. When we close, TwiML runs on behind `<Connect>`, and
 * without more the call ends. Twilio returns the marks of what a clear dropped like those of what
 * it played.
 *
 * @see https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */
import { parseTwilio, twilioScanner, twilioWriter } from "../../codecs/wire/twilio.js";
import { jsonStreamProtocol } from "./json-stream-session.js";
import type { MediaProtocol } from "./media-protocol.js";

/** The Twilio protocol for the gateway. */
export function twilioProtocol(): MediaProtocol {
  return jsonStreamProtocol({
    name: "twilio",
    path: "/media/twilio",
    clearedMarks: "returned",
    parse: parseTwilio,
    writer: ({ streamId }) => twilioWriter(streamId),
    scanner: twilioScanner,
  });
}
