/**
 * Mock of ElevenLabs' stream-input WebSocket: the first message is one blank, text follows, a flush
 * forces the speech out, an empty text is the end. A blank in between keeps it open.
 */
import type { WebSocket } from "ws";
import type { Time } from "../../../base/ports.js";
import type { MockVoiceScenario } from "./mock-exchange.js";
import { l16Bytes, oddWav, spoken } from "./mock-speech.js";

const stallMs = 10_000;
const hushEveryMs = 20;
/** Not of whole samples. */
const chunkBytes = 3333;

export function serveElevenlabsStream(
  socket: WebSocket,
  scenario: MockVoiceScenario,
  time: Time,
): void {
  let text = "";
  let messages = 0;
  const send = (message: object): void => socket.send(JSON.stringify(message));
  const refuse = (error: string, code: number): void => {
    send({ message: error, error, code });
    socket.close(1008);
  };
  socket.on("error", () => socket.terminate());
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { text?: unknown; flush?: unknown };
    if (typeof message.text !== "string") return refuse("input_invalid", 400);
    messages += 1;
    if (messages === 1 && message.text !== " ") return refuse("first text must be a blank", 400);
    text += message.text;
    if (message.text === "") return speak(socket, { scenario, text, time, send, refuse });
  });
}

type Talk = {
  readonly scenario: MockVoiceScenario;
  readonly text: string;
  readonly time: Time;
  readonly send: (message: object) => void;
  readonly refuse: (error: string, code: number) => void;
};

function speak(socket: WebSocket, { scenario, text, time, send, refuse }: Talk): void {
  const samples = spoken(text, 16_000);
  const bytes = l16Bytes(scenario === "silent" ? new Int16Array(samples.length) : samples);
  const odd = bytesOf(scenario, text, bytes);
  const half = Math.floor(odd.length / 2);
  const sound = (from: number, to: number): void => {
    for (let at = from; at < to; at += chunkBytes) {
      const audio = odd.subarray(at, Math.min(to, at + chunkBytes)).toString("base64");
      send({ audio, isFinal: null, alignment: null });
    }
  };
  const end = (): void => {
    send({ audio: null, isFinal: true });
    socket.close(1000);
  };
  const hush = (): void => {
    if (socket.readyState !== socket.OPEN) return;
    send({ audio: Buffer.alloc(640).toString("base64"), isFinal: null });
    time.after(hushEveryMs, hush);
  };
  switch (scenario) {
    case "mute":
      return;
    case "hush":
      return hush();
    case "error":
      return refuse("internal_error", 500);
    case "refused":
      return refuse("voice_not_found", 400);
    case "halfJson":
      return void socket.send('{"audio":"AAAA","isF');
    case "stall":
      sound(0, half);
      return void time.after(stallMs, end);
    case "cut":
      sound(0, half);
      return void time.after(hushEveryMs, () => socket.terminate());
    default:
      sound(0, odd.length);
      end();
  }
}

/** What goes out instead of the samples, where the scenario is about that. */
function bytesOf(scenario: MockVoiceScenario, text: string, bytes: Buffer): Buffer {
  if (scenario === "odd") return Buffer.concat([bytes, Buffer.of(1)]);
  if (scenario === "otherRate") return oddWav(text);
  return scenario === "mp3" ? Buffer.concat([Buffer.from("ID3\x04"), bytes]) : bytes;
}
