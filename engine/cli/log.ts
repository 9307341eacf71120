/**
 * The log of a served engine, on standard error: one JSON object a line, or lines for people. What
 * a person said, dialled or typed is logged under `pii` only, and `pii` is never written out.
 */
import { Writable } from "node:stream";
import { pino, type DestinationStream, type Logger } from "pino";
import { toErrorData } from "../../base/errors.js";
import type { Config } from "../../config/schema.js";

/** The log as the parts of the engine see it: a constant message, and what belongs to this case. */
export type Log = (level: "info" | "warn" | "error", message: string, fields: object) => void;

const hidden = ["pii", "token", "apiToken", "authorization"];
/** Everywhere down to the depth that log fields have. */
const hiddenPaths = hidden.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

/** @param write takes whole lines; must not lose them when the process ends right after */
export function createLog(config: Config["log"], write: (text: string) => void): Log {
  const logger: Logger = pino(
    {
      level: config.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: hiddenPaths, censor: "[redacted]" },
      serializers: { error: (error: unknown) => describeField(error) },
    },
    config.isPretty ? prettyStream(write) : { write },
  );
  return (level, message, fields) => logger[level](fields, message);
}

function describeField(error: unknown): unknown {
  return error instanceof Error ? toErrorData(error) : error;
}

function prettyStream(write: (text: string) => void): DestinationStream {
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      write(prettyLine(line));
      done();
    },
  });
}

/** `12:00:01.250 WARN  a thread is lost  thread=shard-1 why="exit code 1"` */
function prettyLine(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${shown(value)}`);
  return `${[clock, String(level).toUpperCase().padEnd(5), String(msg), "", ...pairs].join(" ").trimEnd()}\n`;
}

function shown(value: unknown): string {
  return typeof value === "string" && /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value);
}
