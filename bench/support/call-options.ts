/** Options that all benches with calls share. */
import type { TransportName } from "../../config/schema.js";
import type { OptionSpecs } from "./bench.js";

export const callOptions = {
  calls: { kind: "count", default: 100, max: 5000, help: "calls at once" },
  seconds: { kind: "count", default: 10, max: 600, help: "of measurement, without warm-up" },
  repeats: { kind: "count", default: 4, max: 100, help: "windows of it, for the spread" },
  "warm-up": { kind: "count", default: 10, min: 0, max: 60, help: "seconds before it" },
  transport: {
    kind: "word",
    words: ["auto", "lean", "ws", "uws"],
    default: "auto",
    help: "what carries the sockets, of the engine and of the floor",
  },
  "floor-seconds": { kind: "count", default: 5, max: 60, help: "of measurement of the floor" },
} as const satisfies OptionSpecs;

/** The word of `--transport`, which was checked before. */
export const transportOf = (word: string): TransportName => word as TransportName;
