/** The vendors by name: a new one is its file and a line here. */
import type { RecognitionVendorConfig, RecognitionVendorName } from "../../../config/schema.js";
import type { Vendor } from "./vendor.js";
import { websocketJson } from "./websocket-json.js";

const vendors: Readonly<
  Record<RecognitionVendorName, (config: RecognitionVendorConfig) => Vendor>
> = {
  "websocket-json": websocketJson,
};

export function createVendor(config: RecognitionVendorConfig): Vendor {
  return vendors[config.vendor](config);
}
