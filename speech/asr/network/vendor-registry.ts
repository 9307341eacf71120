/** The vendors by name: a new one is its file and a line here. */
import type { RecognitionVendorConfig, RecognitionVendorName } from "../../../config/schema.js";
import { baidu } from "./baidu.js";
import { deepgram } from "./deepgram.js";
import { funasr } from "./funasr.js";
import { sherpaOnnx } from "./sherpa-onnx.js";
import type { Vendor } from "./vendor.js";
import { vosk } from "./vosk.js";
import { websocketJson } from "./websocket-json.js";

const vendors: Readonly<
  Record<RecognitionVendorName, (config: RecognitionVendorConfig) => Vendor>
> = {
  "websocket-json": websocketJson,
  vosk,
  funasr,
  deepgram,
  "sherpa-onnx": sherpaOnnx,
  baidu,
};

export function createVendor(config: RecognitionVendorConfig): Vendor {
  return vendors[config.vendor](config);
}
