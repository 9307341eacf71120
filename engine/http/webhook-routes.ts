/**
 * What carriers tell us: `/trunks/<trunk>/<hook>`. No token is asked for, since none of them has
 * one: the trunk checks the carrier's signature before it looks at anything.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { EngineNode } from "../engine-node.js";

type HookPath = { readonly Params: { readonly trunk: string; readonly hook: string } };

/** A webhook is a few hundred bytes. */
const bodyBytesMax = 16 * 1024;

/** Adds the routes in a scope of their own: their bodies are kept as they came. */
export function addWebhookRoutes(app: FastifyInstance, node: Pick<EngineNode, "webhook">): void {
  void app.register(
    (scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      const options = { parseAs: "string" as const, bodyLimit: bodyBytesMax };
      scope.addContentTypeParser("*", options, (_request, body, taken) => taken(null, body));
      const answer = (request: FastifyRequest<HookPath>, reply: FastifyReply) =>
        answerTo(node, request, reply);
      scope.post<HookPath>("/:trunk/:hook", { bodyLimit: bodyBytesMax }, answer);
      scope.get<HookPath>("/:trunk/:hook", answer);
      done();
    },
    { prefix: "/trunks" },
  );
}

async function answerTo(
  node: Pick<EngineNode, "webhook">,
  request: FastifyRequest<HookPath>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { trunk, hook } = request.params;
  const { method, url, headers, body } = request;
  const {
    status,
    contentType,
    body: said,
  } = await node.webhook(trunk, {
    ...{ method, url, hook, headers },
    body: typeof body === "string" ? body : "",
  });
  // What connects a callee holds the token of the call: no cache on the way keeps it.
  void reply.code(status).header("cache-control", "no-store");
  if (contentType !== undefined) void reply.header("content-type", contentType);
  return reply.send(said ?? "");
}
