/** The routes of calls: start one, look at it, hang it up, hand it on, fetch its recording. */
import type { FastifyInstance } from "fastify";
import { EngineError } from "../../base/errors.js";
import type { CallView, EngineNode } from "../engine-node.js";
import { parseCallRequest, parseKeys, parseTransfer } from "./call-request.js";
import { ProblemError } from "./problem.js";

type CallPath = { readonly Params: { readonly callId: string } };

/** Adds the routes to `app`, which may carry a prefix and an access guard. */
export function addCallRoutes(app: FastifyInstance, node: EngineNode): void {
  app.post("/calls", async (request, reply) => {
    const view = await node.startCall(parseCallRequest(request.body));
    return reply.code(201).header("location", `/v1/calls/${view.callId}`).send(view);
  });

  app.get<CallPath>("/calls/:callId", async ({ params }) => findCall(node, params.callId));

  app.post<CallPath>("/calls/:callId/hangup", async ({ params }) => {
    try {
      return await node.hangup(knownShape(params.callId));
    } catch (error) {
      const isGone = error instanceof EngineError && error.code === "UNKNOWN_CALL";
      if (!isGone) throw error;
      // It has ended already, by itself or by another request: that is what was asked for.
      return findCall(node, params.callId);
    }
  });

  app.post<CallPath>("/calls/:callId/transfer", async ({ params, body }, reply) => {
    await node.transfer(knownShape(params.callId), parseTransfer(body).to);
    return reply.code(204).send();
  });

  app.post<CallPath>("/calls/:callId/keys", async ({ params, body }, reply) => {
    await node.sendKeys(knownShape(params.callId), parseKeys(body).keys);
    return reply.code(204).send();
  });

  app.get<CallPath>("/calls/:callId/recording", async ({ params }, reply) => {
    const { callId } = await findCall(node, params.callId);
    const wav = await node.readRecording(callId);
    if (wav === undefined) throw new ProblemError(noRecording(callId));
    return reply
      .header("content-type", "audio/wav")
      .header("content-disposition", `attachment; filename="${callId}.wav"`)
      .send(Buffer.from(wav.buffer, wav.byteOffset, wav.byteLength));
  });
}

/** @throws {ProblemError} 404 */
async function findCall(node: EngineNode, callId: string): Promise<CallView> {
  const view = await node.getCall(knownShape(callId));
  if (view === undefined) throw new ProblemError(noCall(callId));
  return view;
}

/** Ids go into file names and headers further down: what cannot be one is not even looked up. */
function knownShape(callId: string): string {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(callId)) throw new ProblemError(noCall(callId));
  return callId;
}

function noCall(callId: string) {
  const detail = `there is no call ${JSON.stringify(callId.slice(0, 64))}, live or on record`;
  return { status: 404, code: "UNKNOWN_CALL", title: "No such call", detail };
}

function noRecording(callId: string) {
  const detail = `call ${callId} has no recording: it was not recorded, or is still under way`;
  return { status: 404, code: "NO_RECORDING", title: "No recording", detail };
}
