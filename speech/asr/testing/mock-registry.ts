/** The mock vendors by name, one line each. */
import { serveWebsocketJson } from "./mock-websocket-json.js";
import type { ServeMock } from "./mock-connection.js";

export const mockVendors = {
  "websocket-json": serveWebsocketJson,
} as const satisfies Record<string, ServeMock>;

export type MockVendorName = keyof typeof mockVendors;
