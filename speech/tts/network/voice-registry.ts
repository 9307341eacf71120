/** The voices by name: a new one is its file and a line here. */
import type { Time } from "../../../base/ports.js";
import type { VoiceVendorConfig, VoiceVendorName } from "../../../config/schema.js";
import { azure } from "./azure.js";
import { baiduVoice } from "./baidu-voice.js";
import { ElevenlabsStreamLine } from "./elevenlabs-stream.js";
import { elevenlabs } from "./elevenlabs.js";
import { EspeakLine } from "./espeak-line.js";
import { HttpLine } from "./http-line.js";
import { httpJson } from "./http-json.js";
import { openai } from "./openai.js";
import type { HttpVoice, VoiceLine } from "./voice-line.js";

export type LineOptions = {
  readonly config: VoiceVendorConfig;
  readonly ca?: string | undefined;
  readonly time: Time;
};

type MakeLine = (options: LineOptions) => VoiceLine;

const overHttp =
  (voice: (config: VoiceVendorConfig) => HttpVoice): MakeLine =>
  (options) =>
    new HttpLine(voice(options.config), options);

const lines: Readonly<Record<VoiceVendorName, MakeLine>> = {
  "http-json": overHttp(httpJson),
  openai: overHttp(openai),
  azure: overHttp(azure),
  baidu: overHttp(baiduVoice),
  elevenlabs: overHttp(elevenlabs),
  "elevenlabs-stream": (options) => new ElevenlabsStreamLine(options),
  espeak: (options) => new EspeakLine(options),
};

export function createLine(options: LineOptions): VoiceLine {
  return lines[options.config.vendor](options);
}
