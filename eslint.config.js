// The linter: typed rules, the size limits of the house, and the globals that have a port instead.
import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

/** Time, chance and threads come in through the ports of `base/`, so that a simulation can own them. */
const portedGlobals = [
  ["setTimeout", "Scheduler.after"],
  ["setInterval", "Scheduler.after, re-armed"],
  ["setImmediate", "Scheduler.soon"],
  ["performance", "Clock.nowMs"],
].map(([name, port]) => ({ name, message: `Use ${port} from base/ports.ts.` }));

const portedProperties = [
  { object: "Date", property: "now", message: "Use Clock.epochMs from base/ports.ts." },
  { object: "Math", property: "random", message: "Use Rng from base/ports.ts." },
];

/** One file may import nact: the dispatcher. Threads are made by one file: the ThreadHost. */
const portedImports = [
  { name: "nact", message: "Only actors/kernel/nact-dispatcher.ts imports nact." },
  { name: "node:perf_hooks", message: "Use Clock or Histogram from base/." },
  { name: "node:timers", message: "Use Scheduler from base/ports.ts." },
  { name: "node:timers/promises", message: "Use Scheduler from base/ports.ts." },
];

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", "coverage/**"] },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "no-restricted-globals": ["error", ...portedGlobals],
      "no-restricted-properties": ["error", ...portedProperties],
      "no-restricted-imports": ["error", { paths: portedImports }],
      "max-len": [
        "error",
        {
          code: 100,
          ignoreUrls: true,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
        },
      ],
      "max-lines": ["error", { max: 400 }],
      "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
      "no-empty": ["error", { allowEmptyCatch: false }],
      "no-warning-comments": ["error", { terms: ["fixme", "xxx", "todo"] }],
      eqeqeq: "error",
    },
  },
  {
    // The adapters of the ports themselves, and code that runs outside the engine's time.
    files: [
      "base/node-ports.ts",
      "base/histogram.ts",
      "access/client/**",
      "bench/**",
      "test/**",
      "**/*.test.ts",
    ],
    rules: {
      "no-restricted-globals": "off",
      "no-restricted-properties": "off",
      "no-restricted-imports": "off",
    },
  },
  { files: ["actors/kernel/nact-dispatcher.ts"], rules: { "no-restricted-imports": "off" } },
  { files: ["**/*.test.ts", "test/**"], rules: { "max-lines-per-function": "off" } },
  {
    files: ["**/*.js", "**/*.mjs", "**/*.cjs"],
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: { module: "readonly", process: "readonly", console: "readonly", URL: "readonly" },
    },
    rules: { ...tseslint.configs.disableTypeChecked.rules, "max-len": "off" },
  },
);
