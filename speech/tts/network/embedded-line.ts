/** The voices inside the engine as a line like any other: a job renders the piece whole. */
import type { Time } from "../../../base/ports.js";
import { failureData, type PcmAudio, type SynthesisCode } from "../synthesizer.js";
import type { PieceSink, VoiceLine, VoicePiece } from "./voice-line.js";

/** Renders somewhere else: in a pool of threads. */
export type RenderPiece = (piece: VoicePiece) => Promise<PcmAudio>;

export class EmbeddedLine implements VoiceLine {
  readonly takesSsml = false;
  readonly #render: RenderPiece;
  readonly #time: Time;

  constructor(render: RenderPiece, time: Time) {
    this.#render = render;
    this.#time = time;
  }

  speak(piece: VoicePiece, sink: PieceSink): { cancel(): void } {
    let isCancelled = false;
    const failed = (thrown: unknown): void => {
      const { code, message, detail } = failureData(thrown);
      if (!isCancelled) sink.fail(code as SynthesisCode, message, detail);
    };
    this.#time.soon(() => {
      if (isCancelled) return;
      this.#render(piece).then((audio) => {
        if (isCancelled) return;
        sink.audio(audio);
        sink.end();
      }, failed);
    });
    return { cancel: () => void (isCancelled = true) };
  }

  close(): void {
    // Nothing is open.
  }
}
