import { describe, expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import type { CallView } from "../engine-node.js";
import { CallRegistry } from "./call-registry.js";
import { newView } from "./call-view.js";

const ended = (outcome: string) =>
  ({ kind: "ended", outcome, durationMs: 10, recordedMs: 0 }) as const;

describe("the calls of an engine", () => {
  test("end once: what is said of a call after its end changes nothing", async () => {
    const seen: CallView[] = [];
    const calls = new CallRegistry(virtualTime());
    const request = { userId: "u1", flow: "f", trunk: "t", to: "x" };
    calls.add(newView("c1", request, 0), (view) => seen.push(view));
    const waiting = calls.ended("c1");
    expect(calls.apply("c1", ended("failed"))).toMatchObject({ outcome: "failed" });
    // Its shard had been told to hang up, and reports that it did.
    expect(calls.apply("c1", ended("hangup"))).toBeUndefined();
    expect(calls.apply("c1", { kind: "state", state: "bye", atMs: 1 })).toBeUndefined();
    expect(seen.map(({ outcome }) => outcome)).toEqual(["failed"]);
    calls.remove("c1");
    expect(await waiting).toMatchObject({ outcome: "failed" });
  });
});
