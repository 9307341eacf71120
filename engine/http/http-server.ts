/**
 * The control API over HTTP: a thin skin of an `EngineNode`. It decides who may ask, whether a
 * request is well-formed, and how an error reads; the node decides everything else.
 */
import type { Server as TlsServer } from "node:https";
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyServerOptions,
} from "fastify";
import {
  readCertificate,
  watchCertificate,
  type Certificate,
} from "../../access/security/certificate.js";
import { toErrorData } from "../../base/errors.js";
import { nodeTime } from "../../base/node-ports.js";
import type { HttpConfig } from "../../config/schema.js";
import type { EngineNode } from "../engine-node.js";
import { createAccessGuard } from "./access-guard.js";
import { addCallRoutes } from "./call-routes.js";
import { addVoiceprintRoutes } from "./voiceprint-routes.js";
import { addWebhookRoutes } from "./webhook-routes.js";
import {
  problemBody,
  problemOf,
  ProblemError,
  unexpectedProblem,
  type Problem,
} from "./problem.js";

export type HttpServerOptions = {
  readonly node: EngineNode;
  readonly config: HttpConfig;
  /** Told of requests that failed through no fault of the client. */
  readonly log?: (level: "error", message: string, fields: object) => void;
};

export type HttpServer = {
  /** For tests: requests without a socket. */
  readonly app: FastifyInstance;
  /**
   * Resolves with the base URL when connections are accepted.
   *
   * @throws {Error} with code `EADDRINUSE`, `EACCES` … when the address cannot be bound
   */
  listen(): Promise<string>;
  /** Takes no new request, answers those under way. Twice is harmless. */
  close(): Promise<void>;
};

/** A call request with 50 variables of 200 characters fits several times. */
const bodyBytesMax = 64 * 1024;
/** From the first byte of a request to its last: slow senders do not hold sockets for ever. */
const requestMsMax = 30_000;

/** Builds the server; it does not listen yet. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { node, config } = options;
  const certificate = config.tls === undefined ? undefined : readCertificate(config.tls);
  const app = newApp({
    ...(certificate === undefined ? {} : { https: certificate }),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMsMax,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 200 },
    // An id the client chose would go into our log and answers.
    requestIdHeader: false,
    frameworkErrors: (error, _request, reply) => {
      const problem = problemOf(error, bodyBytesMax) ?? unexpectedProblem("-");
      sendProblem(reply, problem);
    },
  });
  acceptJsonOnly(app);
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, bodyBytesMax);
    if (problem !== undefined) return sendProblem(reply, problem);
    const fields = { requestId: request.id, route: request.routeOptions.url };
    options.log?.("error", "a request failed", { ...fields, ...toErrorData(error) });
    return sendProblem(reply, unexpectedProblem(request.id));
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, missingRoute(request.method, request.url)),
  );
  addHealthRoutes(app, node);
  addGuardedRoutes(app, options);
  addWebhookRoutes(app, node);
  let url: Promise<string> | undefined;
  let watch: { stop(): void } | undefined;
  return {
    app,
    listen: () => {
      watch ??= watchTls(app, options);
      return (url ??= app.listen({ host: config.host, port: config.port }));
    },
    close: () => {
      watch?.stop();
      return app.close();
    },
  };
}

/** Whether it speaks TLS is nobody else's business: the same instance, whatever its server. */
const newApp = (options: FastifyServerOptions & { https?: Certificate }): FastifyInstance =>
  fastify(options);

/** Another certificate is shown once its files change. */
function watchTls(
  app: FastifyInstance,
  { config: { tls }, log }: HttpServerOptions,
): { stop(): void } | undefined {
  if (tls === undefined) return undefined;
  return watchCertificate(tls, nodeTime(), {
    changed: (certificate) => (app.server as unknown as TlsServer).setSecureContext(certificate),
    failed: (error) => log?.("error", "a certificate is not used", toErrorData(error)),
  });
}

function addHealthRoutes(app: FastifyInstance, node: EngineNode): void {
  // Alive: the process answers, and can get well by itself. Whether calls are taken is readyz's
  // business.
  app.get("/healthz", (_request, reply) => {
    const { isFailed } = node.health();
    return reply.code(isFailed ? 503 : 200).send({ status: isFailed ? "failed" : "ok" });
  });
  app.get("/readyz", (_request, reply) => {
    const health = node.health();
    return reply
      .code(health.isReady ? 200 : 503)
      .header("cache-control", "no-store")
      .send(health);
  });
}

function addGuardedRoutes(app: FastifyInstance, { node, config }: HttpServerOptions): void {
  const guard = createAccessGuard(config.apiToken);
  const routes = (scope: FastifyInstance, _options: object, done: () => void) => {
    scope.addHook("onRequest", (request, reply, next) => {
      // Views and recordings are personal data: no cache on the way keeps them.
      reply.header("cache-control", "no-store");
      const problem = guard(request.headers);
      next(problem === undefined ? undefined : (new ProblemError(problem) as unknown as Error));
    });
    addCallRoutes(scope, node);
    addVoiceprintRoutes(scope, node);
    scope.get("/recognition", () => ({ vendors: node.recognition() }));
    scope.get("/analyzers", () => ({ analyzers: node.analyzers() }));
    scope.get("/prompts", () => node.prompts() ?? {});
    scope.get("/voices", () => node.voices());
    scope.get("/mailboxes", async () => ({ shards: await node.mailboxes() }));
    done();
  };
  void app.register(routes, { prefix: "/v1" });
}

/** JSON is the only body there is; none at all is allowed where nothing is asked. */
function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    if (body === "") return done(null, undefined);
    try {
      done(null, JSON.parse(String(body)));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const detail = `the body is not JSON: ${why}`;
      const problem = { status: 400, code: "JSON_INVALID", title: "Malformed JSON", detail };
      done(new ProblemError(problem));
    }
  });
}

const routes: readonly { readonly path: RegExp; readonly allow: string }[] = [
  { path: /^\/(healthz|readyz)$/, allow: "GET, HEAD" },
  { path: /^\/v1\/calls$/, allow: "POST" },
  { path: /^\/v1\/voiceprints(\/(verify|forget))?$/, allow: "POST" },
  { path: /^\/trunks\/[^/]+\/[^/]+$/, allow: "POST" },
  { path: /^\/v1\/(mailboxes|recognition|analyzers|prompts|voices)$/, allow: "GET, HEAD" },
  { path: /^\/v1\/calls\/[^/]+\/(hangup|transfer|keys)$/, allow: "POST" },
  { path: /^\/v1\/calls\/[^/]+(\/recording)?$/, allow: "GET, HEAD" },
];

function missingRoute(method: string, url: string): Problem {
  const path = url.replace(/\?.*$/s, "");
  const allow = routes.find((route) => route.path.test(path))?.allow;
  const shown = `${method} ${JSON.stringify(path.slice(0, 120))}`;
  if (allow === undefined) {
    const detail = `there is no ${shown}; see docs/configuration.md, "Control API"`;
    return { status: 404, code: "UNKNOWN_ROUTE", title: "No such route", detail };
  }
  const detail = `${shown} is not there; use ${allow}`;
  const headers = { allow };
  return { status: 405, code: "METHOD", title: "Method not allowed", detail, headers };
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .headers(problem.headers ?? {})
    .header("content-type", "application/problem+json")
    .send(JSON.stringify(problemBody(problem)));
}
