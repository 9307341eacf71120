import { describe, it } from "vitest";
import { transportConformance } from "./transport-conformance.js";
import { createWsTransport } from "./ws-transport.js";

describe("the ws transport", () => {
  for (const { name, run } of transportConformance(createWsTransport)) it(name, run);
});
