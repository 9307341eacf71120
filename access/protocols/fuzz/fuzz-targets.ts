/**
 * What is fuzzed: every protocol, with what its own client says in a short call, recorded once. So
 * the messages that are bent are those of a real conversation, whatever the protocol.
 */
import { virtualTime } from "../../../base/virtual-time.js";
import { openOpus } from "../../../codecs/audio/opus.js";
import { connectBinaryClient, type BinaryPeer } from "../../client/binary-client.js";
import { asteriskPeer, jambonzPeer, vonagePeer } from "../../client/binary-peers.js";
import { connectCarrierClient, type CarrierDialect } from "../../client/carrier-client.js";
import {
  exotelDialect,
  plivoDialect,
  telnyxDialect,
  telnyxDialectIn,
} from "../../client/carrier-dialects.js";
import type { ClientTime, MediaClient, OpenSocket } from "../../client/media-client.js";
import { connectMediaClient } from "../../client/native-client.js";
import { audioHookPeer, audioSocketPeer, audioStreamPeer } from "../../client/switch-peers.js";
import { twilioDialect } from "../../client/twilio-client.js";
import type { MediaProtocol } from "../media-protocol.js";
import { mediaProtocols } from "../media-protocols.js";
import { memoryLink } from "../memory-link.js";
import type { Message } from "./mutate.js";

export type FuzzTarget = {
  readonly name: string;
  readonly protocol: MediaProtocol;
  /** What its client says in a call, in order; none of it is wrong. */
  readonly messages: readonly Message[];
};

export type Connect = (options: {
  readonly url: string;
  readonly callId: string;
  readonly token: string;
  readonly socket: OpenSocket;
  readonly time: ClientTime;
  readonly listener: object;
}) => MediaClient;

const carrier =
  (dialect: CarrierDialect): Connect =>
  (options) =>
    connectCarrierClient(options, dialect);
const binary =
  (peer: BinaryPeer): Connect =>
  (options) =>
    connectBinaryClient(options, peer);

const uuid = "40325ec2-5efd-4bd3-805f-53576e581d13";
/** A client of every protocol, and of every way in which one is spoken. */
export const mediaClients: Readonly<
  Record<string, { readonly protocol: string; readonly connect: Connect }>
> = {
  "native-v1": {
    protocol: "native-v1",
    connect: (options) =>
      connectMediaClient({ ...options, format: { codec: "l16", rateHz: 8000 } }),
  },
  "native-opus": {
    protocol: "native-v1",
    connect: (options) =>
      connectMediaClient({
        ...options,
        format: { codec: "l16", rateHz: 16000 },
        opus: openOpus,
      }),
  },
  twilio: { protocol: "twilio", connect: carrier(twilioDialect) },
  telnyx: { protocol: "telnyx", connect: carrier(telnyxDialect) },
  "telnyx-opus": {
    protocol: "telnyx",
    connect: carrier(telnyxDialectIn("opus", openOpus)),
  },
  plivo: { protocol: "plivo", connect: carrier(plivoDialect) },
  exotel: { protocol: "exotel", connect: carrier(exotelDialect) },
  vonage: { protocol: "vonage", connect: binary(vonagePeer) },
  jambonz: { protocol: "jambonz", connect: binary(jambonzPeer) },
  "audio-fork": { protocol: "audio-fork", connect: binary(jambonzPeer) },
  "audio-stream": { protocol: "audio-stream", connect: binary(audioStreamPeer("file")) },
  "asterisk-json": { protocol: "asterisk", connect: binary(asteriskPeer("json", "ulaw")) },
  "asterisk-plain": { protocol: "asterisk", connect: binary(asteriskPeer("plain", "ulaw")) },
  audiosocket: { protocol: "audiosocket", connect: binary(audioSocketPeer(uuid)) },
  audiohook: { protocol: "audiohook", connect: (options) => binary(audioHookPeer())(options) },
};

/** Said beside the calls: what a client of ours never says, and a peer may. */
const more: Readonly<Record<string, readonly Message[]>> = {
  "asterisk-json": ['{"event":"MEDIA_XOFF"}', '{"event":"MEDIA_XON"}', '{"event":"STATUS"}'],
  "asterisk-plain": ["MEDIA_XOFF", "MEDIA_XON", "STATUS queue_length:3", "MEDIA_MARK_PROCESSED u1"],
};

/** Every target there is, `detected` with the messages of all others. */
export function fuzzTargets(): readonly FuzzTarget[] {
  const protocols = mediaProtocols({}, openOpus);
  const named = (name: string): MediaProtocol => protocols.find((one) => one.name === name)!;
  const targets = Object.entries(mediaClients).map(([name, { protocol, connect }]) => ({
    name,
    protocol: named(protocol),
    messages: [...recorded(named(protocol), connect), ...(more[name] ?? [])],
  }));
  const all = targets.flatMap(({ messages }) => messages.slice(0, 3));
  return [...targets, { name: "detected", protocol: named("detected"), messages: all }];
}

/** What a client says while it is called, speaks, presses a key, listens and hangs up. */
function recorded(protocol: MediaProtocol, connect: Connect): Message[] {
  const time = virtualTime();
  const said: Message[] = [];
  const nothing = (): void => undefined;
  const sink = {
    started: nothing,
    frame: nothing,
    dtmf: nothing,
    markReached: nothing,
    ended: nothing,
  };
  const link = memoryLink(protocol, sink, time);
  const socket: OpenSocket = (url, protocols) => {
    const opened = link.open(url, protocols);
    const send = opened.send.bind(opened);
    opened.send = (message) => {
      said.push(typeof message === "string" ? message : message.slice());
      send(message);
    };
    return opened;
  };
  const url = `ws://memory${protocol.path}`;
  const client = connect({ url, callId: "c", token: "t", socket, time, listener: {} });
  time.settle();
  link.session().ready(1);
  time.settle();
  const frame = new Uint8Array(client.frameBytes).fill(0x7f);
  for (let index = 0; index < 4; index += 1) client.sendFrame(frame);
  client.sendDtmf("5");
  time.settle();
  link.session().sendFrame(1, frame, 1);
  link.session().sendMark(1, "u1");
  time.advance(1000);
  client.hangup();
  time.advance(1000);
  return said;
}
