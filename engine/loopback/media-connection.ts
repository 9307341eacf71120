/**
 * The callee's media stream: the client of the script's protocol over a real WebSocket, with an end
 * that always comes, also when the gateway never answers or never closes.
 */
import { WebSocket } from "ws";
import {
  connectMediaClient,
  connectTwilioClient,
  type ClearEvent,
  type MediaClient,
  type MediaClientListener,
  type PlayedFrame,
  type ReceivedFrame,
  type SocketLike,
} from "../../access/client/index.js";
import type { Time, Timer } from "../../base/ports.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { CalleeDial } from "./callee-messages.js";
import type { CalleeReport } from "./callee-report.js";
import type { CalleeProtocol } from "./callee-script.js";

/** From the connection attempt to the engine's word that it took the call. */
const READY_MS_MAX = 5000;
/** From our hang-up to the closed socket. */
const CLOSE_MS_MAX = 2000;

const PATHS: Readonly<Record<CalleeProtocol, string>> = {
  native: "/media/native/v1",
  twilio: "/media/twilio",
};

/** The audio of each protocol. */
const FORMATS: Readonly<Record<CalleeProtocol, AudioFormat>> = {
  native: { codec: "l16", rateHz: 16000 },
  twilio: { codec: "pcmu", rateHz: 8000 },
};

/** How a call's media ended. */
export type MediaEnd = {
  readonly endedBy: CalleeReport["endedBy"];
  /** Nobody hung up: refused, broken, or lost. */
  readonly isFailure: boolean;
  readonly cause: string;
};

export type MediaConnectionListener = {
  ready(): void;
  frame(frame: ReceivedFrame): void;
  played(frame: PlayedFrame): void;
  clear(event: ClearEvent): void;
  /** The agent hung up, or the stream is gone. May come twice; the first is right. */
  ended(end: MediaEnd): void;
};

/** What a callee talks over. */
export type CalleeMedia = {
  formatOf(protocol: CalleeProtocol): AudioFormat;
  connect(options: ConnectMediaOptions): MediaSocket;
};

export type ConnectMediaOptions = {
  readonly dial: CalleeDial;
  readonly format: AudioFormat;
  readonly time: Time;
  readonly listener: MediaConnectionListener;
};

export type MediaSocket = { readonly client: MediaClient };

/** Connects; everything else comes to the listener, never before this has returned. */
function connectMedia(options: ConnectMediaOptions): MediaSocket {
  const { dial, format, time, listener } = options;
  let socket: WebSocket | undefined;
  let closeTimer: Timer | undefined;
  let problem: string | undefined;
  const readyTimer = time.after(READY_MS_MAX, () => {
    problem ??= `the gateway did not take the call within ${READY_MS_MAX} ms`;
    socket?.terminate();
  });
  const clientListener: MediaClientListener = {
    ready: () => {
      readyTimer.cancel();
      listener.ready();
    },
    frame: (frame) => listener.frame(frame),
    played: (frame) => listener.played(frame),
    clear: (event) => listener.clear(event),
    hangup: (reason) => {
      const cause = `the agent hung up (${reason})`;
      closeTimer ??= time.after(CLOSE_MS_MAX, () => socket?.terminate());
      listener.ended({ endedBy: "agent", isFailure: false, cause });
    },
    error: (error) => (problem ??= error.message),
    closed: (code, reason) => {
      readyTimer.cancel();
      closeTimer?.cancel();
      const why = reason === "" ? `closed with ${code}` : `closed with ${code}: ${reason}`;
      const cause = `media: ${problem ?? why}`;
      listener.ended({ endedBy: "network", isFailure: true, cause });
    },
  };
  const client = connectClient({
    dial,
    format,
    time,
    listener: clientListener,
    open: (url, protocols) => (socket = openSocket(url, protocols)),
  });
  const hangup = (reason?: string): void => {
    readyTimer.cancel();
    closeTimer ??= time.after(CLOSE_MS_MAX, () => socket?.terminate());
    client.hangup(reason);
  };
  return { client: withHangup(client, hangup) };
}

function connectClient(options: {
  readonly dial: CalleeDial;
  readonly format: AudioFormat;
  readonly time: Time;
  readonly listener: MediaClientListener;
  readonly open: (url: string, protocols: readonly string[]) => SocketLike;
}): MediaClient {
  const { dial, format, time, listener, open } = options;
  const { callId, token, script } = dial;
  const url = `${dial.mediaUrl.replace(/\/+$/, "")}${PATHS[script.protocol]}`;
  const common = { url, callId, token, socket: open, listener, time };
  return script.protocol === "twilio"
    ? connectTwilioClient(common)
    : connectMediaClient({ ...common, format });
}

function openSocket(url: string, protocols: readonly string[]): WebSocket {
  return new WebSocket(url, [...protocols], {
    perMessageDeflate: false,
    handshakeTimeout: READY_MS_MAX,
  });
}

/** The client, with a hang-up that cannot hang. */
function withHangup(client: MediaClient, hangup: MediaClient["hangup"]): MediaClient {
  return {
    format: client.format,
    frameMs: client.frameMs,
    frameBytes: client.frameBytes,
    sendFrame: (payload, dueMs) => client.sendFrame(payload, dueMs),
    sendDtmf: (digit) => client.sendDtmf(digit),
    hangup,
  };
}

/** A media stream to our gateway, as carriers open it. */
export const webSocketMedia: CalleeMedia = {
  formatOf: (protocol) => FORMATS[protocol],
  connect: connectMedia,
};
