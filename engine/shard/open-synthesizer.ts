/** What a shard speaks with: the voices of the configuration, the embedded ones behind them. */
import type { Rng, Time } from "../../base/ports.js";
import type { SynthesisConfig } from "../../config/schema.js";
import { embeddedVoices } from "../../speech/tts/embedded-voices.js";
import type { RenderPiece } from "../../speech/tts/network/embedded-line.js";
import type { VoiceNotice } from "../../speech/tts/network/resilient-voice.js";
import {
  createVoiceSynthesizer,
  type VoiceSynthesizer,
} from "../../speech/tts/network/voice-synthesizer.js";

export type SynthesizerPorts = {
  readonly time: Time;
  readonly rng: Rng;
  /** Has a piece rendered by an embedded voice. */
  readonly render: RenderPiece;
  readonly observe?: (notice: VoiceNotice) => void;
};

/** @param config with this thread's part of the streams */
export function openSynthesizer(
  config: SynthesisConfig,
  ports: SynthesizerPorts,
): VoiceSynthesizer {
  const { vendors, isEmbeddedLast, choose } = config;
  const { render, ...others } = ports;
  const isAlone = vendors.length === 0;
  const embedded = isAlone || isEmbeddedLast ? embeddedVoices(render, { isAlone }) : undefined;
  return createVoiceSynthesizer({ vendors, embedded, choose, ...others });
}
