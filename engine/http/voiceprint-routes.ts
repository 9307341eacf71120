/** The routes of voiceprints. User ids are personal data: they stand in bodies, never in paths. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { EngineNode } from "../engine-node.js";
import { parsedBody } from "./call-request.js";

const userRule = "must be a text of 1 to 128 characters";
const userId = z.string({ error: userRule }).min(1, { error: userRule }).max(128, {
  error: userRule,
});
const callsRule = "must be a list of 1 to 10 ids of calls";
const enrolment = z.strictObject({
  userId,
  callIds: z
    .array(z.string({ error: callsRule }).regex(/^[A-Za-z0-9-]{1,64}$/, { error: callsRule }), {
      error: callsRule,
    })
    .min(1, { error: callsRule })
    .max(10, { error: callsRule }),
});
const person = z.strictObject({ userId });
const oneCall = z.strictObject({
  callId: z.string({ error: "must be the id of a call" }).regex(/^[A-Za-z0-9-]{1,64}$/, {
    error: "must be the id of a call",
  }),
});

/** Adds the routes to `app`, which may carry a prefix and an access guard. */
export function addVoiceprintRoutes(app: FastifyInstance, { voiceprints }: EngineNode): void {
  app.post("/voiceprints", async ({ body }, reply) => {
    const { userId: id, callIds } = parsedBody(enrolment, body);
    return reply.code(201).send(await voiceprints.enrol(id, callIds));
  });

  app.post("/voiceprints/verify", async ({ body }) => {
    return voiceprints.verify(parsedBody(oneCall, body).callId);
  });

  app.post("/voiceprints/forget", async ({ body }) => {
    return { isForgotten: await voiceprints.forget(parsedBody(person, body).userId) };
  });
}
