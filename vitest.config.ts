import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";

/**
 * Three groups, one after the other: the rooms in parallel; the whole engine with its threads and
 * processes, two files at a time, for they spend most of theirs waiting; and what fills the
 * machine by itself, alone.
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

const filling = ["test/bench.test.ts", "test/demo.test.ts"];

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
          exclude: [...exclude, ...filling],
          testTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...common,
          name: "whole",
          include: filling,
          exclude,
          testTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
