import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import {
  describeWithRedis,
  startRedis,
  type RedisProcess,
} from "../../test/support/redis-process.js";
import type { ErrorData } from "../../base/errors.js";
import { openEnvelope, sealEnvelope } from "../../storage/envelope.js";
import { createPromptStore } from "./prompt-store.js";
import { RedisPrompts, type PromptEnvelope } from "./redis-prompts.js";

const key = "a".repeat(64);
const audio = new Uint8Array(320).map((_, at) => at);
const bytesOf = (found: Uint8Array | undefined) => found && [...found];

describeWithRedis("prompts in Redis", () => {
  let server: RedisProcess;
  let redis: Redis;
  const open: RedisPrompts[] = [];
  const errors: ErrorData[] = [];
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.kill();
  });
  beforeEach(async () => {
    errors.length = 0;
    await redis.flushall();
  });
  afterEach(() => {
    for (const layer of open.splice(0)) layer.close();
  });

  function layer(url = server.url, envelope?: PromptEnvelope): RedisPrompts {
    const failed = (error: ErrorData): void => void errors.push(error);
    const made = new RedisPrompts({ url, timeToLiveMs: 60_000, timeoutMs: 500, envelope, failed });
    open.push(made);
    return made;
  }

  it("come back as they were, on another node as well, and only under their key", async () => {
    await layer().put(key, audio);
    const other = layer();
    expect(bytesOf(await other.get(key))).toEqual([...audio]);
    expect(await other.get("b".repeat(64))).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it("sealed: come back on a node with the same key, and are nothing to anybody else", async () => {
    const sealedBy = (wrapKey: Buffer): PromptEnvelope => ({
      seal: (name, value) => sealEnvelope(wrapKey, name, value),
      open: (name, sealed) => openEnvelope(wrapKey, name, sealed),
    });
    const ours = randomBytes(32);
    await layer(server.url, sealedBy(ours)).put(key, audio);
    const stored = await redis.getBuffer(`voxtree:prompt:${key}`);
    expect(stored!.includes(Buffer.from(audio.subarray(100, 120)))).toBe(false);
    expect(bytesOf(await layer(server.url, sealedBy(ours)).get(key))).toEqual([...audio]);
    expect(await layer(server.url, sealedBy(randomBytes(32))).get(key)).toBeUndefined();
    expect(await layer().get(key)).toBeUndefined();
    // Under another name it is not what that name says.
    await redis.set(`voxtree:prompt:${"b".repeat(64)}`, stored!);
    expect(await layer(server.url, sealedBy(ours)).get("b".repeat(64))).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it("live for their time from their last use on", async () => {
    await layer().put(key, audio);
    await redis.pexpire(`voxtree:prompt:${key}`, 5000);
    await layer().get(key);
    expect(await redis.pttl(`voxtree:prompt:${key}`)).toBeGreaterThan(50_000);
  });

  it("that are no prompt, or half of one, are none", async () => {
    const one = layer();
    await one.put(key, audio);
    const whole = await redis.getBuffer(`voxtree:prompt:${key}`);
    for (const stored of [whole!.subarray(0, 100), Buffer.from("?"), Buffer.alloc(0)]) {
      await redis.set(`voxtree:prompt:${key}`, stored);
      expect(await one.get(key)).toBeUndefined();
    }
    await redis.del(`voxtree:prompt:${key}`);
    await redis.lpush(`voxtree:prompt:${key}`, "a list");
    expect(await one.get(key)).toBeUndefined();
  });

  it("spare a second node the rendering, and say so in its figures", async () => {
    let renders = 0;
    const node = () =>
      createPromptStore({
        bytesMax: 1_000_000,
        layers: [layer()],
        synthesize: () => {
          renders += 1;
          return Promise.resolve({ rateHz: 8000, samples: new Int16Array(8000).fill(5000) });
        },
      });
    const request = { text: "Hello.", voice: "slt", language: "en-US" };
    const format = { codec: "pcmu", rateHz: 8000 } as const;
    await node().render(request, format);
    const second = node();
    await second.render(request, format);
    await second.render(request, format);
    expect(renders).toBe(1);
    expect(second.stats()).toMatchObject({ hits: 1, misses: 1, layerHits: { redis: 1 } });
  });

  it("hold nobody up while Redis is gone: told once, and used again when it is back", async () => {
    const own = await startRedis();
    const one = layer(own.url);
    await one.put(key, audio);
    await own.kill();
    expect(await one.get(key)).toBeUndefined();
    await one.put(key, audio);
    expect(await one.get(key)).toBeUndefined();
    expect(errors).toHaveLength(1);
    const again = await startRedis(own.port);
    await one.put(key, audio);
    for (let found = await one.get(key); found === undefined; found = await one.get(key)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await one.put(key, audio);
    }
    expect(bytesOf(await one.get(key))).toEqual([...audio]);
    await again.kill();
  });
});
