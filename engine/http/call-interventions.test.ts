import { afterEach, describe, expect, it } from "vitest";
import { EngineError } from "../../base/errors.js";
import type { EngineNode } from "../engine-node.js";
import { createHttpServer, type HttpServer } from "./http-server.js";

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** The server with a node that notes what it was asked. */
function serve(failure?: EngineError) {
  const asked: unknown[][] = [];
  const note =
    (what: string) =>
    (...given: unknown[]): Promise<void> => {
      if (failure !== undefined) return Promise.reject(failure);
      return Promise.resolve(void asked.push([what, ...given]));
    };
  const node = { transfer: note("transfer"), sendKeys: note("keys") } as unknown as EngineNode;
  const server = createHttpServer({ node, config: { host: "127.0.0.1", port: 0 } });
  servers.push(server);
  const post = async (path: string, payload: object) => {
    const headers = { host: "127.0.0.1" };
    const { statusCode, body } = await server.app.inject({
      method: "POST",
      url: `/v1/calls/${path}`,
      payload,
      headers,
    });
    return { statusCode, ...(body === "" ? {} : (JSON.parse(body) as object)) };
  };
  return { post, asked };
}

describe("a call under way", () => {
  it("is handed on, and is sent keys", async () => {
    const { post, asked } = serve();
    expect(await post("c-1/transfer", { to: "+15550100" })).toEqual({ statusCode: 204 });
    expect(await post("c-1/keys", { keys: "12#" })).toEqual({ statusCode: 204 });
    expect(asked).toEqual([
      ["transfer", "c-1", "+15550100"],
      ["keys", "c-1", "12#"],
    ]);
  });

  it("is left alone where the body says nothing that can be done", async () => {
    const { post, asked } = serve();
    expect(await post("c-1/transfer", {})).toMatchObject({
      statusCode: 422,
      mistakes: [{ field: "to" }],
    });
    expect(await post("c-1/keys", { keys: "1x" })).toMatchObject({
      statusCode: 422,
      mistakes: [{ field: "keys", message: /must be 1 to 64 of the keys .*, not "1x"/ }],
    });
    expect(asked).toEqual([]);
  });

  it.each([
    ["UNKNOWN_CALL", 404],
    ["TRUNK_UNSUPPORTED", 409],
    ["TRUNK_TRANSFER", 409],
    ["TRUNK_REQUEST", 422],
  ])("says %s as %i", async (code, statusCode) => {
    const { post } = serve(new EngineError(code, "in words"));
    const answer = await post("c-1/transfer", { to: "1" });
    expect(answer).toMatchObject({ statusCode, code, detail: /in words/ });
  });
});
