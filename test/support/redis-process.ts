/** A real Redis for tests, on loopback, without a disk. */
import { spawn, spawnSync } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { describe } from "vitest";

export type RedisProcess = {
  readonly url: string;
  readonly port: number;
  /** Ends it at once; resolves when it is gone. */
  kill(): Promise<void>;
};

/** @param port left out: a free one */
export async function startRedis(port?: number): Promise<RedisProcess> {
  const at = port ?? (await freePort());
  const options = ["--bind", "127.0.0.1", "--port", String(at), "--save", "", "--dir", "/tmp"];
  const child = spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
    child.once("error", reject);
    let told = "";
    child.stdout.on("data", (bytes: Buffer) => {
      told += bytes.toString();
      if (/Ready to accept connections/.test(told)) resolve();
    });
  });
  return {
    url: `redis://127.0.0.1:${at}`,
    port: at,
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/**
 * `describe` for what needs Redis. Where it is absent the tests are skipped, loudly; where the
 * environment says `VOXTREE_REQUIRE=redis` they run, and fail.
 */
export function describeWithRedis(name: string, body: () => void): void {
  const isThere = spawnSync("redis-server", ["--version"], { stdio: "ignore" }).status === 0;
  const isRequired = (process.env["VOXTREE_REQUIRE"] ?? "").includes("redis");
  if (!isThere && !isRequired) {
    console.warn(`SKIPPED "${name}": no redis-server. Install with: apt-get install redis-server`);
  }
  describe.skipIf(!isThere && !isRequired)(name, body);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
