/** One call of the native protocol that was let in and then does what it must not. */
import { Buffer } from "node:buffer";
import { DEFAULT_NATIVE_LIMITS } from "../../codecs/wire/native-channel.js";
import { encodeControl } from "../../codecs/wire/native-control.js";
import { emptyNativeHeader, encodeRecord, RECORD_TYPES } from "../../codecs/wire/native-v1.js";
import { FRAME_BYTES } from "../load/audio-store.js";
import { clientFrame, OPCODE } from "../load/client-frames.js";
import { LoadSocket } from "../load/load-socket.js";
import type { Dial } from "../load/messages.js";
import type { AttackKind } from "./messages.js";

const stepMs = 20;
const pingsAStep = 200;
const framesAStep = 50;
const pingBytes = 120;
const wrongBytes = 100;

export class Attacker {
  readonly #dial: Dial;
  readonly #kind: AttackKind;
  readonly #socket: LoadSocket;
  #sequence = 0;
  #frames = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param ended told once, with the reason that the engine gave */
  constructor(dial: Dial, kind: AttackKind, ended: (reason: string) => void) {
    this.#dial = dial;
    this.#kind = kind;
    const { hostname: host, port } = new URL(dial.url);
    this.#socket = new LoadSocket({
      host,
      port: Number(port),
      path: "/media/native/v1",
      subprotocol: "voxtree.v1",
      opened: () => this.#start(),
      message: () => undefined,
      closed: (reason) => {
        clearInterval(this.#timer);
        ended(reason);
      },
    });
  }

  /** Begins to misbehave. */
  begin(): void {
    if (this.#kind === "deaf") this.#socket.stopReading();
    this.#timer = setInterval(() => this.#step(), stepMs);
  }

  #start(): void {
    const { callId, token } = this.#dial;
    // One stream: on a trunk a call that misbehaves ends alone.
    const limits = { ...DEFAULT_NATIVE_LIMITS, streamsMax: 1 };
    const hello = { versions: [1], limits, agent: "attacker" };
    this.#record(RECORD_TYPES.hello, 0, encodeControl("hello", hello));
    const format = { codec: "pcmu", rateHz: 8000, frameMs: 20 } as const;
    const start = { callId, token, format, parameters: {} };
    this.#record(RECORD_TYPES.start, 1, encodeControl("start", start));
  }

  #step(): void {
    if (this.#kind === "deaf") {
      const ping = clientFrame(OPCODE.ping, Buffer.alloc(pingBytes));
      for (let count = 0; count < pingsAStep; count += 1) this.#socket.send(ping, ping.length);
    } else if (this.#kind === "flood") {
      for (let count = 0; count < framesAStep; count += 1) this.#audio(FRAME_BYTES);
    } else this.#audio(wrongBytes);
  }

  #audio(bytes: number): void {
    this.#record(RECORD_TYPES.audio, 1, new Uint8Array(bytes).fill(0xff));
    this.#frames += 1;
  }

  #record(type: number, streamId: 0 | 1, payload: Uint8Array): void {
    const header = { ...emptyNativeHeader(), type, streamId };
    if (type === RECORD_TYPES.audio) {
      header.codecId = 1;
      header.mediaTime = this.#frames * FRAME_BYTES;
    }
    if (streamId === 1) header.sequence = this.#sequence++;
    const frame = clientFrame(OPCODE.binary, encodeRecord(header, payload));
    this.#socket.send(frame, frame.length);
  }
}
