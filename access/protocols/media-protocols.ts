/** The media protocols there are. A new one is a file of its own and a line here. */
import { asteriskProtocol } from "./asterisk-session.js";
import { audioHookProtocol } from "./audiohook-session.js";
import { audioSocketProtocol } from "./audiosocket-session.js";
import { exotelProtocol, plivoProtocol, telnyxProtocol } from "./carrier-sessions.js";
import { detectedProtocol } from "./detected-session.js";
import type { OpenOpus } from "../../codecs/audio/opus-line.js";
import type { NativeLimits } from "../../codecs/wire/native-control.js";
import {
  audioForkProtocol,
  audioStreamProtocol,
  jambonzProtocol,
  vonageProtocol,
} from "./fork-sessions.js";
import type { MediaProtocol } from "./media-protocol.js";
import { nativeProtocol } from "./native-session.js";
import { twilioProtocol } from "./twilio-session.js";

/** All protocols, and one that finds out which. @param limits of a connection of the native one */
export function mediaProtocols(
  limits: Partial<NativeLimits> = {},
  opus?: OpenOpus,
): readonly MediaProtocol[] {
  const protocols = [
    nativeProtocol({ limits, ...(opus === undefined ? {} : { opus }) }),
    twilioProtocol(),
    telnyxProtocol(opus),
    plivoProtocol(),
    exotelProtocol(),
    asteriskProtocol(),
    vonageProtocol(),
    jambonzProtocol(),
    audioForkProtocol(),
    audioStreamProtocol(),
    audioHookProtocol(),
    audioSocketProtocol(),
  ];
  return [...protocols, detectedProtocol(protocols)];
}

/** The protocol of a path, e.g. `/media/twilio`; undefined when no protocol lives there. */
export function protocolOfPath(
  protocols: readonly MediaProtocol[],
  path: string,
): MediaProtocol | undefined {
  return protocols.find((protocol) => protocol.path === path);
}
