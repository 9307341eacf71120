import fastify from "fastify";
import { expect, test } from "vitest";
import type { EngineNode } from "../engine-node.js";
import { addVoiceprintRoutes } from "./voiceprint-routes.js";

test("voiceprints are enrolled, verified and forgotten, and mistakes are named", async () => {
  const asked: unknown[] = [];
  const app = fastify();
  const voiceprints: EngineNode["voiceprints"] = {
    enrol: (...given) => (asked.push(given), Promise.resolve({ voicedMs: 4000 })),
    verify: (callId) => (
      asked.push(callId),
      Promise.resolve({ verdict: "match", score: -0.1, voicedMs: 3000 })
    ),
    forget: (userId) => (asked.push(userId), Promise.resolve(true)),
  };
  addVoiceprintRoutes(app, { voiceprints } as EngineNode);
  const post = async (url: string, payload: object) => {
    const { statusCode, body } = await app.inject({ method: "POST", url, payload });
    return [statusCode, JSON.parse(body) as unknown] as const;
  };
  const enrolled = await post("/voiceprints", { userId: "u1", callIds: ["c1", "c2"] });
  expect(enrolled).toEqual([201, { voicedMs: 4000 }]);
  expect(await post("/voiceprints/verify", { callId: "c3" })).toMatchObject([
    200,
    { verdict: "match" },
  ]);
  expect(await post("/voiceprints/forget", { userId: "u1" })).toEqual([200, { isForgotten: true }]);
  expect(asked).toEqual([["u1", ["c1", "c2"]], "c3", "u1"]);
  const [, wrong] = await post("/voiceprints", { userId: "u1", callIds: ["../x"] });
  expect(JSON.stringify(wrong)).toContain("callIds");
  expect(asked).toHaveLength(3);
  await app.close();
});
