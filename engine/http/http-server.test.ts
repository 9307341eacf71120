import fc from "fast-check";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { EngineError } from "../../base/errors.js";
import type { CallRequest, CallView, EngineNode, HealthReport } from "../engine-node.js";
import { createHttpServer, type HttpServer } from "./http-server.js";

const token = "an-api-token-of-thirty-characters";
const goodBody = { userId: "u-1", flow: "service-selection", trunk: "loopback", to: "patient" };
const counts = { liveCalls: 0, callsMax: 100 };
const health: HealthReport = { isReady: true, isFailed: false, notes: [], ...counts };

function viewOf(callId: string, request: CallRequest, status: CallView["status"]): CallView {
  const { userId, flow, trunk, to } = request;
  return {
    ...{ callId, userId, flow, trunk, to, status },
    startedEpochMs: 1,
    recordedMs: 0,
    ...{ transcript: [], keys: [], turns: [], interruptions: [] },
  };
}

/** Keeps calls in a map; `parts` replaces what a test is about. */
function fakeNode(
  parts: Partial<EngineNode> = {},
): EngineNode & { readonly started: CallRequest[] } {
  const calls = new Map<string, CallView>();
  const started: CallRequest[] = [];
  const notUsed = () => Promise.reject(new Error("not used by the server"));
  return {
    started,
    start: notUsed,
    startCall(request) {
      started.push(request);
      const view = viewOf(`call-${started.length}`, request, "dialing");
      calls.set(view.callId, view);
      return Promise.resolve(view);
    },
    getCall: (callId) => Promise.resolve(calls.get(callId)),
    callEnded: notUsed,
    hangup(callId) {
      const view = calls.get(callId);
      if (view?.status !== "dialing") {
        return Promise.reject(new EngineError("UNKNOWN_CALL", `no call ${callId} is under way`));
      }
      const ended: CallView = { ...view, status: "ended", outcome: "cancelled" };
      calls.set(callId, ended);
      return Promise.resolve(ended);
    },
    ...{ transfer: notUsed, sendKeys: notUsed, webhook: notUsed },
    readRecording: () => Promise.resolve(undefined),
    health: () => health,
    latency: () => expect.fail("not used by the server"),
    promptsReady: () => Promise.resolve(),
    voiceprints: { enrol: notUsed, verify: notUsed, forget: notUsed },
    ...{ prompts: () => undefined, analyzers: () => ({}) },
    voices: () => ({ voices: {}, unspoken: {} }),
    recognition: () => ({}),
    mailboxes: () => Promise.resolve([{ shard: 0, isAnswering: false }]),
    ...{ resetLatency: () => undefined, processIds: () => [], flows: () => [] },
    stop: notUsed,
    ...parts,
  };
}

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

type Logged = { message: string; fields: object };

function serve(parts: Partial<EngineNode> = {}, apiToken?: string) {
  const node = fakeNode(parts);
  const logged: Logged[] = [];
  const server = createHttpServer({
    node,
    config: { host: "127.0.0.1", port: 0, ...(apiToken === undefined ? {} : { apiToken }) },
    log: (_level, message, fields) => logged.push({ message, fields }),
  });
  servers.push(server);
  return { node, server, logged, app: server.app };
}

const host = "127.0.0.1:8081";
const json = { host, "content-type": "application/json" };

async function post(app: HttpServer["app"], payload: unknown, headers: object = {}) {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  return app.inject({
    method: "POST",
    url: "/v1/calls",
    payload: body,
    headers: { ...json, ...headers },
  });
}

async function get(app: HttpServer["app"], url: string, headers: object = {}) {
  return app.inject({ method: "GET", url, headers: { host, ...headers } });
}

describe("the health of an engine", () => {
  it("is alive whenever the process answers", async () => {
    const response = await get(serve().app, "/healthz");
    expect([response.statusCode, response.json()]).toEqual([200, { status: "ok" }]);
    // And can get well by itself.
    const failed = serve({ health: () => ({ ...health, isFailed: true }) });
    expect((await get(failed.app, "/healthz")).statusCode).toBe(503);
  });

  it("is ready, with notes on what is missing", async () => {
    const notes = ["speech recognition is off: apt-get install libpocketsphinx3"];
    const response = await get(serve({ health: () => ({ ...health, notes }) }).app, "/readyz");
    expect([response.statusCode, response.json()]).toEqual([200, { ...health, notes }]);
  });

  it("is 503 with the reasons while no call is taken", async () => {
    const report = { ...health, isReady: false, notes: ["draining: takes no new calls"] };
    const response = await get(serve({ health: () => report }).app, "/readyz");
    expect([response.statusCode, response.json()]).toEqual([503, report]);
  });

  it("is told without a token, since probes have none", async () => {
    const { app } = serve({}, token);
    expect((await get(app, "/healthz")).statusCode).toBe(200);
    expect((await get(app, "/readyz", { host: "10.0.0.7" })).statusCode).toBe(200);
  });
});

describe("starting a call", () => {
  it("answers 201 with the call and its place", async () => {
    const { app, node } = serve();
    const response = await post(app, { ...goodBody, variables: { name: "Li" }, isRecorded: false });
    expect(response.statusCode).toBe(201);
    expect(response.headers["location"]).toBe("/v1/calls/call-1");
    expect(response.headers["cache-control"]).toBe("no-store");
    expect(node.started).toEqual([{ ...goodBody, variables: { name: "Li" }, isRecorded: false }]);
    const found = await get(app, "/v1/calls/call-1");
    expect(found.json()).toEqual(response.json());
  });

  it("names every wrong field at once, with its value and what is right", async () => {
    const { app, node } = serve();
    const response = await post(app, {
      flow: 7,
      trunk: "",
      to: "x\u0000",
      varables: {},
      isRecorded: "yes",
      variables: { name: 3 },
    });
    expect(response.statusCode).toBe(422);
    expect(response.headers["content-type"]).toMatch(/^application\/problem\+json/);
    const rule = "must be a text of 1 to 200 characters without control characters";
    expect(response.json()).toMatchObject({ status: 422, code: "REQUEST_INVALID" });
    const { mistakes } = response.json<{ mistakes: { field: string; message: string }[] }>();
    expect(Object.fromEntries(mistakes.map(({ field, message }) => [field, message]))).toEqual({
      userId: `${rule}, not nothing`,
      flow: "must be a text of 1 to 80 characters without control characters, not 7",
      trunk: 'must be a text of 1 to 80 characters without control characters, not ""',
      to: `${rule}, not "x\\u0000"`,
      varables:
        'unknown key "varables" (did you mean "variables"?); known here: userId, flow, trunk, to, variables, isRecorded, language, hearing',
      isRecorded: 'must be true or false, not "yes"',
      "variables.name": "must be a text of at most 200 characters, not 3",
    });
    expect(node.started).toEqual([]);
  });

  it.each([["null"], ["[]"], ['"text"'], ["12"], [""]])(
    "refuses a body that is no object: %j",
    async (body) => {
      const response = await post(serve().app, body);
      expect(response.statusCode).toBe(422);
      expect(response.json<{ detail: string }>().detail).toMatch(
        /^must be a JSON object with userId/,
      );
    },
  );

  it.each([
    ["UNKNOWN_FLOW", "flow"],
    ["FLOW_UNSPEAKABLE", "flow"],
    ["UNKNOWN_TRUNK", "trunk"],
    ["FLOW_VARIABLES", "variables"],
    ["USER_ID", "userId"],
  ])("tells %s of the engine as a mistake of %s", async (code, field) => {
    const error = new EngineError(code, "what it is and what is right");
    const response = await post(serve({ startCall: () => Promise.reject(error) }).app, goodBody);
    expect(response.statusCode).toBe(422);
    const mistakes = [{ field, message: "what it is and what is right" }];
    expect(response.json()).toMatchObject({ code, mistakes });
  });

  it("answers 503 with Retry-After when the engine is full", async () => {
    const detail = { retryAfterSeconds: 7 };
    const error = new EngineError("ADMISSION_REFUSED", "all 100 call slots are taken", detail);
    const response = await post(serve({ startCall: () => Promise.reject(error) }).app, goodBody);
    expect(response.statusCode).toBe(503);
    expect(response.headers["retry-after"]).toBe("7");
    expect(response.json()).toMatchObject({
      code: "ADMISSION_REFUSED",
      detail: "all 100 call slots are taken",
    });
  });

  it("hides what went wrong inside, and logs it under the request's id", async () => {
    const startCall = () => Promise.reject(new Error("secret path /var/lib"));
    const { app, logged } = serve({ startCall });
    const response = await post(app, goodBody);
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain("secret path");
    const requestId = /request (\S+)$/.exec(response.json<{ detail: string }>().detail)?.[1];
    const fields = { requestId, route: "/v1/calls", message: "secret path /var/lib" };
    expect(logged).toMatchObject([{ message: "a request failed", fields }]);
    expect(JSON.stringify(logged)).not.toContain(goodBody.userId);
  });
});

describe("a call", () => {
  it("is hung up, also when it has ended already", async () => {
    const { app } = serve();
    await post(app, goodBody);
    const hangup = () =>
      app.inject({ method: "POST", url: "/v1/calls/call-1/hangup", headers: json });
    const first = await hangup();
    expect([first.statusCode, first.json()]).toMatchObject([200, { outcome: "cancelled" }]);
    const second = await hangup();
    expect([second.statusCode, second.json()]).toMatchObject([200, { outcome: "cancelled" }]);
  });

  it.each([
    ["GET", "/v1/calls/absent"],
    ["POST", "/v1/calls/absent/hangup"],
    ["GET", "/v1/calls/absent/recording"],
    ["GET", "/v1/calls/..%2F..%2Fetc%2Fpasswd/recording"],
    ["GET", `/v1/calls/${"x".repeat(100)}`],
    ["GET", "/v1/calls/a%0d%0ab"],
  ] as const)("that is not there is 404: %s %s", async (method, url) => {
    const response = await serve().app.inject({ method, url, headers: { host } });
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ code: "UNKNOWN_CALL", status: 404 });
  });

  it("gives its recording as a WAV file", async () => {
    const bytes = new Uint8Array([9, 82, 73, 70, 70, 9]).subarray(1, 5);
    const { app } = serve({ readRecording: () => Promise.resolve(bytes) });
    await post(app, goodBody);
    const response = await get(app, "/v1/calls/call-1/recording");
    expect(response.headers).toMatchObject({
      "content-type": "audio/wav",
      "content-length": "4",
      "content-disposition": 'attachment; filename="call-1.wav"',
      "cache-control": "no-store",
    });
    expect(response.body).toBe("RIFF");
  });

  it("without a recording says why", async () => {
    const { app } = serve();
    await post(app, goodBody);
    const response = await get(app, "/v1/calls/call-1/recording");
    expect([response.statusCode, response.json()]).toMatchObject([404, { code: "NO_RECORDING" }]);
  });
});

describe("a request that is broken", () => {
  it.each([
    ["cut off", "{", 400, "JSON_INVALID"],
    ["a form", "userId=u", 400, "JSON_INVALID"],
    ["too long", `{"userId":"${"x".repeat(70_000)}"}`, 413, "BODY_TOO_LARGE"],
  ])("by its body is told what is wrong: %s", async (_name, body, status, code) => {
    const response = await post(serve().app, body);
    expect(response.statusCode).toBe(status);
    expect(response.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(response.json()).toMatchObject({ status, code });
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense"])(
    "is refused with content type %s",
    async (type) => {
      const response = await post(serve().app, goodBody, { "content-type": type });
      expect([response.statusCode, response.json()]).toMatchObject([415, { code: "CONTENT_TYPE" }]);
    },
  );

  it.each([
    ["GET", "/", 404, "UNKNOWN_ROUTE"],
    ["GET", "/v1/call", 404, "UNKNOWN_ROUTE"],
    ["GET", "/v1/calls", 405, "METHOD"],
    ["DELETE", "/v1/calls/call-1", 405, "METHOD"],
    ["POST", "/healthz", 405, "METHOD"],
    ["GET", "/v1/calls/%zz", 400, "BAD_REQUEST"],
  ] as const)("to no route says so: %s %s", async (method, url, status, code) => {
    const response = await serve().app.inject({ method, url, headers: { host } });
    expect(response.statusCode).toBe(status);
    expect(response.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(response.json()).toMatchObject({ status, code });
    expect(response.headers["allow"] !== undefined).toBe(status === 405);
  });

  it("never gets through, and never breaks the server, whatever the JSON", async () => {
    const { app, node } = serve();
    await fc.assert(
      fc.asyncProperty(fc.json(), async (body) => {
        const response = await post(app, body);
        expect(response.statusCode).toBe(422);
      }),
      { numRuns: 300 },
    );
    expect(node.started).toEqual([]);
  });

  it("cannot smuggle in a prototype", async () => {
    const { app, node } = serve();
    const body = '{"userId":"u","flow":"f","trunk":"t","to":"x","variables":{"__proto__":"evil"}}';
    const response = await post(app, body);
    if (response.statusCode === 201) {
      expect(Object.getPrototypeOf(node.started[0]?.variables)).toBe(Object.prototype);
    }
    const other = await post(app, '{"userId":"u","flow":"f","trunk":"t","to":"x","__proto__":{}}');
    expect(other.statusCode).toBe(422);
  });
});

describe("access", () => {
  it("is needed for everything about calls, and given to the bearer of the token", async () => {
    const { app, node } = serve({}, token);
    const refused = await post(app, goodBody);
    expect(refused.statusCode).toBe(401);
    expect(refused.headers["www-authenticate"]).toBe('Bearer realm="voxtree"');
    expect(refused.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(node.started).toEqual([]);
    const right = { authorization: `Bearer ${token}` };
    expect((await post(app, goodBody, right)).statusCode).toBe(201);
    for (const url of ["/v1/calls/call-1", "/v1/calls/call-1/recording"]) {
      expect((await get(app, url)).statusCode).toBe(401);
    }
    const hangup = { method: "POST", url: "/v1/calls/call-1/hangup", headers: { host } } as const;
    expect((await app.inject(hangup)).statusCode).toBe(401);
  });

  it("without a token is refused to a web page that calls this machine by its own name", async () => {
    const { app, node } = serve();
    const response = await post(app, goodBody, { host: "evil.example:8081" });
    expect([response.statusCode, response.json()]).toMatchObject([421, { code: "MISDIRECTED" }]);
    expect(node.started).toEqual([]);
  });
});

describe("over a real socket", () => {
  it("listens where it is told, serves, and is gone after closing", async () => {
    const { server } = serve({}, token);
    const url = await server.listen();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await fetch(`${url}/v1/calls`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(goodBody),
    });
    expect([response.status, response.headers.get("location")]).toEqual([201, "/v1/calls/call-1"]);
    await response.text();
    await server.close();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it("refuses what is no HTTP and goes on serving the others", async () => {
    const { server } = serve();
    const url = await server.listen();
    const answer = await new Promise<string>((resolve, reject) => {
      let text = "";
      const socket = connect(Number(new URL(url).port), "127.0.0.1", () =>
        socket.write("\u0016\u0003\u0001 this is no HTTP\r\n\r\n"),
      );
      socket.setEncoding("utf8").on("data", (part: string) => (text += part));
      socket.on("close", () => resolve(text)).on("error", reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it("says when the port is taken", async () => {
    const { server } = serve();
    const port = Number(new URL(await server.listen()).port);
    const second = createHttpServer({ node: fakeNode(), config: { host: "127.0.0.1", port } });
    await expect(second.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
    await second.close();
  });
});

it.each([
  ["mailboxes", { shards: [{ shard: 0, isAnswering: false }] }],
  ["recognition", { vendors: {} }],
])("shows %s to whoever may ask", async (page, shown) => {
  const { server } = serve({}, token);
  const get = (headers: Record<string, string>) =>
    server.app.inject({ method: "GET", url: `/v1/${page}`, headers });
  expect((await get({})).statusCode).toBe(401);
  expect((await get({ authorization: `Bearer ${token}` })).json()).toEqual(shown);
});
