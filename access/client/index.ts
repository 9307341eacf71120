/** The media client as a package export, `voxtree/client`. Runs in browsers and in Node. */
export type {
  ClearEvent,
  ClientTime,
  MediaClient,
  MediaClientListener,
  OpenSocket,
  PlayedFrame,
  ReadyEvent,
  ReceivedFrame,
  ResumedEvent,
  SocketLike,
} from "./media-client.js";
export { CLOSE_PROTOCOL_ERROR } from "./media-client.js";
export { connectMediaClient, type MediaClientOptions } from "./native-client.js";
export { connectTwilioClient, type TwilioClientOptions } from "./twilio-client.js";
export { connectMediaTrunk, type MediaTrunk, type MediaTrunkOptions } from "./media-trunk.js";
export type { NativeCallOptions } from "./native-call.js";
