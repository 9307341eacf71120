/** One call in Twilio Media Streams, written and read without a JSON tree per frame. */
import { Buffer } from "node:buffer";
import { BASE64_BYTES } from "./audio-store.js";
import { clientFrame, HEAD_BYTES, MASK_WORD, OPCODE, writeHead } from "./client-frames.js";
import type { Line } from "./line.js";
import type { LineParts } from "./native-line.js";

const frameMs = 20;
const scratch = Buffer.from(new ArrayBuffer(1024));
const scratchWords = new Int32Array(scratch.buffer);
const mediaStart = Buffer.from('{"event":"media"', "latin1");
const payloadKey = Buffer.from('"payload":"', "latin1");
/** Behind the payload of what the engine sends: `"}}`. */
const mediaEndBytes = 3;

export class TwilioLine implements Line {
  readonly resumeMs = 0;
  readonly #parts: LineParts;
  readonly #sid: string;
  readonly #tail: string;
  #sequence = 0;
  #chunk = 0;
  #utterance = 1;

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.#sid = `MZ${parts.dial.callId.replaceAll("-", "")}`;
    this.#tail = `"},"streamSid":"${this.#sid}"}`;
  }

  open(): void {
    const { callId, token } = this.#parts.dial;
    this.#json({ event: "connected", protocol: "Call", version: "1.0.0" });
    const start = {
      streamSid: this.#sid,
      accountSid: "ACbench",
      callSid: `CA${callId.replaceAll("-", "")}`,
      tracks: ["inbound"],
      customParameters: { callId, token },
      mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
    };
    this.#event("start", { start });
  }

  lost(): void {}

  sendFrame(index: number): number {
    this.#sequence += 1;
    this.#chunk += 1;
    const head =
      `{"event":"media","sequenceNumber":"${this.#sequence}","media":{"track":"inbound",` +
      `"chunk":"${this.#chunk}","timestamp":"${this.#chunk * frameMs}","payload":"`;
    let end = HEAD_BYTES + scratch.write(head, HEAD_BYTES, "latin1");
    const { bytes } = this.#parts.store;
    const at = index * BASE64_BYTES;
    scratch.set(bytes.subarray(at, at + BASE64_BYTES), end);
    end += BASE64_BYTES;
    end += scratch.write(this.#tail, end, "latin1");
    for (let word = HEAD_BYTES / 4; word * 4 < end; word += 1) scratchWords[word]! ^= MASK_WORD;
    writeHead(scratch, OPCODE.text, end - HEAD_BYTES);
    this.#parts.wire.send(scratch, end);
    return this.#chunk;
  }

  sendKey(digit: string): void {
    this.#event("dtmf", { dtmf: { track: "inbound_track", digit } });
  }

  returnMark(name: string): void {
    this.#event("mark", { mark: { name } });
  }

  hangUp(): void {
    this.#event("stop", { stop: { accountSid: "ACbench", callSid: this.#sid } });
  }

  receive(_opcode: number, bytes: Buffer, start: number, end: number): void {
    const { events } = this.#parts;
    if (bytes.compare(mediaStart, 0, mediaStart.length, start, start + mediaStart.length) === 0) {
      const key = bytes.indexOf(payloadKey, start);
      const payload = key + payloadKey.length;
      return events.heardFrame(this.#utterance, bytes, payload, end - mediaEndBytes);
    }
    const message = JSON.parse(bytes.toString("utf8", start, end)) as {
      event: string;
      mark?: { name: string };
    };
    if (message.event === "clear") events.cleared();
    // Twilio's frames carry no utterance: the mark behind one ends it.
    if (message.event === "clear" || message.event === "mark") this.#utterance += 1;
    if (message.mark !== undefined) events.heardMark(message.mark.name);
  }

  #event(event: string, fields: object): void {
    this.#sequence += 1;
    const sequenceNumber = String(this.#sequence);
    this.#json({ event, sequenceNumber, streamSid: this.#sid, ...fields });
  }

  #json(message: object): void {
    const frame = clientFrame(OPCODE.text, Buffer.from(JSON.stringify(message)));
    this.#parts.wire.send(frame, frame.length);
  }
}
