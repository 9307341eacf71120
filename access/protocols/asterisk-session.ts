/**
 * Asterisk's `chan_websocket`. Asterisk opens the socket; the query of its URL (dial string option
 * `v()`) names call and token. It cuts our messages into frames and throws a remainder away, so we
 * send whole frames; the marks that a flush drops never come back.
 *
 * @see https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/
 */
import { parseAsterisk } from "../../codecs/wire/asterisk-media.js";
import { binaryStreamProtocol } from "./binary-stream-session.js";
import type { MediaProtocol } from "./media-protocol.js";

/** The Asterisk protocol for the gateway. */
export function asteriskProtocol(): MediaProtocol {
  return binaryStreamProtocol({
    name: "asterisk",
    path: "/media/asterisk",
    subprotocol: "media",
    parse: parseAsterisk,
  });
}
