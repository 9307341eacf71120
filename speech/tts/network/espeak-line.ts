/**
 * eSpeak NG as a process per piece: the text goes in by standard input, never by the command line,
 * which others on the machine could read; a WAV file comes out while it is being made. It speaks
 * over a hundred languages, Mandarin among them. A program of its own, since its licence is not
 * ours.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Time } from "../../../base/ports.js";
import type { VoiceVendorConfig } from "../../../config/schema.js";
import { failureData, type SynthesisCode } from "../synthesizer.js";
import { wavDecoder } from "./audio-decoders.js";
import { clamped } from "./http-json.js";
import type { PieceSink, VoiceLine, VoicePiece } from "./voice-line.js";

export const espeakProgram = "espeak-ng";
/** Words a minute at which it speaks when nobody says anything. */
const wordsPerMinute = 175;
/** Of 0 to 99. */
const pitchMiddle = 50;
const messageCharsMax = 200;

export class EspeakLine implements VoiceLine {
  readonly takesSsml = false;
  readonly #config: Pick<VoiceVendorConfig, "program">;
  readonly #time: Time;

  constructor(options: {
    readonly config: Pick<VoiceVendorConfig, "program">;
    readonly time: Time;
  }) {
    this.#config = options.config;
    this.#time = options.time;
  }

  speak(piece: VoicePiece, sink: PieceSink): { cancel(): void } {
    let child: ReturnType<EspeakLine["start"]> | undefined;
    let isCancelled = false;
    this.#time.soon(() => {
      if (!isCancelled) child = this.start(piece, sink);
    });
    return {
      cancel() {
        isCancelled = true;
        child?.kill("SIGKILL");
      },
    };
  }

  close(): void {
    // Processes end with their pieces.
  }

  private start(
    { text, voice, speed, pitch }: VoicePiece,
    sink: PieceSink,
  ): ChildProcessByStdio<Writable, Readable, Readable> {
    const { program = espeakProgram } = this.#config;
    const pace = String(Math.round(wordsPerMinute * clamped(speed, 0.5, 2)));
    const height = String(Math.round(pitchMiddle * clamped(pitch, 0.5, 1.9)));
    const options = ["--stdin", "--stdout", "-b", "1", "-v", voice, "-s", pace, "-p", height];
    const child = spawn(program, options, { stdio: ["pipe", "pipe", "pipe"] });
    const decoder = wavDecoder();
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => {
      try {
        const audio = decoder.push(bytes);
        if (audio !== undefined) sink.audio(audio);
      } catch (error) {
        child.kill("SIGKILL");
        const { code, message } = failureData(error);
        sink.fail(code as SynthesisCode, message);
      }
    });
    child.stderr.on("data", (bytes: Buffer) => {
      if (said.length < messageCharsMax) said += bytes.toString();
    });
    child.on("error", ({ message }) => sink.fail("SYNTHESIS_UNAVAILABLE", message));
    // It may end before it has read the text, and says why itself.
    child.stdin.on("error", () => undefined);
    child.on("close", (exitCode) => {
      if (exitCode === 0) return sink.end();
      const why = said.trim().slice(0, messageCharsMax);
      sink.fail("SYNTHESIS_VENDOR", `${program} ended with ${exitCode}: ${why}`, { exitCode });
    });
    child.stdin.end(`${text}\n`);
    return child;
  }
}
