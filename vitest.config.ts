import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";

/**
 * Two groups, one after the other: the rooms in parallel, then the whole engine with its threads,
 * processes and spoken calls, two files at a time: they spend half of theirs listening.
 * Rooms share loaded modules within a worker (most of a run was loading them anew), and there is a
 * worker more than cores, since many of their tests wait for sockets and processes.
 */
const common = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000 } },
  pool: "forks" as const,
};
const exclude = [...configDefaults.exclude, "dist/**"];

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/count-reporter.ts"],
    globalSetup: ["./test/support/global-setup.ts"],
    projects: [
      {
        test: {
          ...common,
          name: "rooms",
          include: ["*/**/*.test.ts"],
          exclude: [...exclude, "test/*.test.ts", "test/telephony/**"],
          isolate: false,
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "engine",
          include: ["test/*.test.ts", "test/telephony/**/*.test.ts"],
          exclude,
          testTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
