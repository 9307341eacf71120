import { describe, it } from "vitest";
import { transportConformance } from "../transport-conformance.js";
import { createLeanTransport } from "./lean-transport.js";

describe("the lean transport", () => {
  for (const { name, run } of transportConformance(createLeanTransport)) it(name, run);
});
