import { performance } from "node:perf_hooks";

/** Analyzers as nobody wants them, by name. */
export function createAnalyzer(name) {
  return { name, close() {}, open: (_start, listener) => streams[name](listener) };
}

const idle = { frame() {}, partial() {}, final() {}, close() {} };

const streams = {
  throws: () => ({
    ...idle,
    frame() {
      throw new Error("an analyzer with a mistake");
    },
  }),
  /** Holds up its thread: 200 ms for a turn. */
  hangs: () => ({
    ...idle,
    final() {
      const untilMs = performance.now() + 200;
      while (performance.now() < untilMs);
    },
  }),
  tells: (listener) => ({
    ...idle,
    final({ turnId }) {
      const label = { name: "heard", value: "something", score: 1, turnId };
      void Promise.resolve().then(() => listener({ kind: "label", label }));
    },
  }),
};
