import { describe, expect, it } from "vitest";
import { EngineError } from "../../base/errors.js";
import { createLog } from "./log.js";

function logged(isPretty: boolean, level: "info" | "warn" = "info") {
  const lines: string[] = [];
  return { lines, log: createLog({ level, isPretty }, (text) => lines.push(text)) };
}

describe("the log", () => {
  it("writes one JSON object a line, with level, time and fields", () => {
    const { lines, log } = logged(false);
    log("warn", "a thread is lost", { thread: "shard-1" });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      level: "warn",
      msg: "a thread is lost",
      thread: "shard-1",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    });
  });

  it.each([true, false])(
    "never writes what a person said, nor secrets (pretty: %s)",
    (isPretty) => {
      const { lines, log } = logged(isPretty);
      const secret = "Mississippi";
      log("info", "a call", { pii: { text: secret } });
      log("info", "a call", { call: { pii: secret, callId: "c-1" } });
      log("info", "a call", { call: { leg: { pii: { to: secret } } } });
      log("info", "a call", { token: secret, request: { authorization: secret } });
      log("error", "a call", { http: { apiToken: secret } });
      expect(lines).toHaveLength(5);
      expect(lines.join("")).not.toContain(secret);
      expect(lines.join("")).toContain("c-1");
    },
  );

  it("keeps the code, detail and cause of errors", () => {
    const { lines, log } = logged(false);
    const error = new EngineError("STORE", "full", { bytes: 7 }, { cause: new Error("disk") });
    log("error", "not stored", { error });
    expect(JSON.parse(lines[0]!)).toMatchObject({
      error: { code: "STORE", message: "full", detail: { bytes: 7 }, cause: { message: "disk" } },
    });
  });

  it("leaves out what is below its level", () => {
    const { lines, log } = logged(false, "warn");
    log("info", "quiet", {});
    expect(lines).toEqual([]);
  });

  it("is easy to read when it is pretty", () => {
    const { lines, log } = logged(true);
    log("warn", "a thread is lost", { thread: "shard-1", why: "exit code 1" });
    const time = /^\d\d:\d\d:\d\d\.\d{3} /;
    expect(lines[0]).toMatch(time);
    expect(lines[0]!.replace(time, "")).toBe(
      'WARN  a thread is lost  thread=shard-1 why="exit code 1"\n',
    );
  });
});
