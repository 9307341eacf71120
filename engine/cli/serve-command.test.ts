import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { compiledEntry } from "../../base/compiled-entry.js";

const folder = mkdtempSync(join(tmpdir(), "voxtree-serve-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

/** One short prompt and a keypad, so that the engine is up quickly. */
const flow = `id: tiny
language: en-US
voice: slt
start: greeting
states:
  greeting:
    say: Press one.
    expect: { intents: { confirm: { keypad: "1" } } }
    on: { confirm: good, otherwise: good }
  good:
    end: done
`;
const config = `
gateway: { port: 0 }
http: { port: 0 }
threads: { shards: 1, jobWorkers: 1 }
recognition: { enabled: false }
flows: [tiny.yaml]
storage: { dataDir: data }
trunks: [{ name: loopback, kind: loopback }]
`;

type Served = {
  readonly url: string;
  readonly out: () => string;
  readonly err: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Resolves when standard error holds this. */
  readonly said: (text: string) => Promise<void>;
  readonly ended: Promise<number | null>;
};

/** Starts the compiled command; resolves when it says that it is ready. */
async function serve(): Promise<Served> {
  writeFileSync(join(folder, "tiny.yaml"), flow);
  const configFile = join(folder, "voxtree.yaml");
  writeFileSync(configFile, config);
  const entry = fileURLToPath(compiledEntry("engine/cli/main.js"));
  const child = spawn(process.execPath, [entry, "serve", "--config", configFile]);
  children.push(child);
  const text = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text.out += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (text.err += part));
  const ended = once(child, "close").then(([code]) => code as number | null);
  const until = async (stream: "out" | "err", wanted: string) => {
    while (!text[stream].includes(wanted)) {
      const news = once(child[stream === "out" ? "stdout" : "stderr"], "data");
      const code = await Promise.race([news, ended]);
      if (!Array.isArray(code)) throw new Error(`ended with ${code}: ${text.out}${text.err}`);
    }
  };
  await until("out", "ready: ");
  return {
    url: /http:\/\/[\d.:]+/.exec(text.out)![0],
    out: () => text.out,
    err: () => text.err,
    signal: (name) => child.kill(name),
    said: (wanted) => until("err", wanted),
    ended,
  };
}

async function startCall(url: string, to: string): Promise<Response> {
  return fetch(`${url}/v1/calls`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ userId: "u-1", flow: "tiny", trunk: "loopback", to }),
  });
}

describe("voxtree serve", () => {
  it("prints where it listens, serves, and ends politely at SIGTERM", async () => {
    const { url, out, err, signal, ended } = await serve();
    expect(out()).toMatch(/^control {2}http:\/\/127\.0\.0\.1:\d+ {2}\(this machine only\)$/m);
    expect(out()).toMatch(/^media {4}ws:\/\/127\.0\.0\.1:\d+\/media\/native\/v1$/m);
    expect(out()).toMatch(/^flows {4}tiny \(en-US\)$/m);
    expect(out()).toMatch(/^note {5}speech recognition is switched off/m);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const refused = await fetch(`${url}/v1/calls`, { method: "POST" });
    expect(refused.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    signal("SIGTERM");
    expect(await ended).toBe(0);
    expect(err()).toContain("SIGTERM: no new calls; waiting up to 30s for the calls.");
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it("waits for a call under way, refuses new ones, and ends at once at the second signal", async () => {
    const { url, signal, said, ended } = await serve();
    expect((await startCall(url, "no-answer")).status).toBe(201);
    signal("SIGINT");
    await said("Once more ends at once.");
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ liveCalls: 1 });
    const refused = await startCall(url, "no-answer");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    signal("SIGINT");
    expect(await ended).toBe(130);
  });
});
