/** The mock vendors by name, one line each. */
import type { RecognitionVendorName } from "../../../config/schema.js";
import { serveBaidu } from "./mock-baidu.js";
import type { MockVendorEntry } from "./mock-connection.js";
import { serveDeepgram } from "./mock-deepgram.js";
import { serveFunasr } from "./mock-funasr.js";
import { serveSherpaOnnx } from "./mock-sherpa-onnx.js";
import { serveVosk } from "./mock-vosk.js";
import { serveWebsocketJson } from "./mock-websocket-json.js";

export const mockVendors: Readonly<Record<RecognitionVendorName, MockVendorEntry>> = {
  "websocket-json": { serve: serveWebsocketJson },
  vosk: { serve: serveVosk },
  funasr: { serve: serveFunasr },
  deepgram: { serve: serveDeepgram, quotaStatus: 429 },
  "sherpa-onnx": { serve: serveSherpaOnnx },
  baidu: { serve: serveBaidu },
};
