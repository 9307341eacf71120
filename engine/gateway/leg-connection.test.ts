import { describe, expect, test } from "vitest";
import { isLoss, LegConnection } from "./leg-connection.js";
import { resumeGeneration, resumeToken } from "./resume-token.js";

describe("a leg's connection", () => {
  test("takes the newest token, and the one before until the newest was surely read", () => {
    const connection = new LegConnection();
    expect(connection.judge(0)).toBeUndefined();
    connection.resume();
    expect([connection.generation, connection.judge(1), connection.judge(0)]).toEqual([
      1,
      undefined,
      undefined,
    ]);
    connection.confirm();
    expect([connection.judge(1), connection.judge(0)]).toEqual([undefined, "usedToken"]);
    connection.resume();
    expect([connection.judge(1), connection.judge(0)]).toEqual([undefined, "usedToken"]);
  });

  test("takes no token that is not its own, nor one that was not given out yet", () => {
    const connection = new LegConnection(4);
    expect(connection.judge(undefined)).toBe("wrongToken");
    expect(connection.judge(5)).toBe("wrongToken");
    expect(connection.judge(4)).toBeUndefined();
  });

  test("is over when it was away for the grace, not a moment earlier; back it begins anew", () => {
    const connection = new LegConnection();
    expect(connection.isOver(1e9, 10_000)).toBe(false);
    connection.lose(1000);
    connection.lose(5000);
    expect(connection.isOver(10_999, 10_000)).toBe(false);
    expect(connection.isOver(11_000, 10_000)).toBe(true);
    connection.resume();
    expect([connection.isAway, connection.isOver(1e9, 10_000)]).toEqual([false, false]);
  });

  test("is lost unless one side said that it was done", () => {
    const codes = [1000, 1001, 1002, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 4002];
    expect(codes.filter(isLoss)).toEqual([1001, 1006, 1011, 1012]);
  });
});

describe("a resume token", () => {
  const key = new Uint8Array(32).fill(7);
  const token = resumeToken(key, "call-7", 3);

  test("tells its generation to whoever has the key, also in another life", () => {
    expect(resumeGeneration(new Uint8Array(32).fill(7), "call-7", token)).toBe(3);
  });

  test("is good for no other call, key or generation, nor in parts", () => {
    expect(resumeGeneration(key, "call-8", token)).toBeUndefined();
    expect(resumeGeneration(new Uint8Array(32), "call-7", token)).toBeUndefined();
    expect(resumeGeneration(key, "call-7", token.replace("3.", "4."))).toBeUndefined();
    for (const wrong of ["", ".", "3.", token.slice(0, -1), `${token}A`, "9".repeat(2000)]) {
      expect(resumeGeneration(key, "call-7", wrong)).toBeUndefined();
    }
  });
});
