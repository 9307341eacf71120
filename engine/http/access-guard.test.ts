import { describe, expect, it } from "vitest";
import { createAccessGuard } from "./access-guard.js";

const token = "an-api-token-of-thirty-characters";

describe("with a token, access", () => {
  const guard = createAccessGuard(token);

  it.each([
    undefined,
    "",
    "Bearer",
    "Bearer ",
    `Basic ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token.toUpperCase()}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    token,
  ])("is refused to %j, without giving the token away", (authorization) => {
    const problem = guard({ authorization, host: "127.0.0.1" });
    expect(problem).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
    expect(JSON.stringify(problem)).not.toContain(token);
  });

  it.each([`Bearer ${token}`, `bearer ${token}`, `BEARER  ${token} `])(
    "is given to %j, by whatever host name",
    (authorization) => {
      expect(guard({ authorization, host: "voice.example.com" })).toBeUndefined();
    },
  );
});

describe("without a token, access", () => {
  const guard = createAccessGuard(undefined);

  it.each([
    "evil.example",
    "evil.example:8081",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "0.0.0.0",
    "[::2]",
    "",
    undefined,
  ])("is refused to a request for %j", (host) => {
    expect(guard({ host })).toMatchObject({ status: 421, code: "MISDIRECTED" });
  });

  it.each(["localhost", "LOCALHOST:8081", "127.0.0.1", "127.8.9.1:80", "[::1]:8081"])(
    "is given to a request for %s",
    (host) => expect(guard({ host })).toBeUndefined(),
  );
});
