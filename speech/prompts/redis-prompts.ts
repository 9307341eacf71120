/**
 * Rendered prompts in Redis, for several nodes that say the same. Fixed texts of flows only:
 * nothing personal ever comes here, as into every layer.
 *
 * A cache and nothing else: Redis that is down, slow or full is as good as empty, and holds nobody
 * up. How much it keeps, and what leaves first, is set in Redis (`maxmemory`, `allkeys-lru`); here
 * every prompt has a time to live, begun anew whenever it is used.
 */
import { Redis } from "ioredis";
import { toErrorData, type ErrorData } from "../../base/errors.js";
import { openPrompt, sealPrompt, type PromptLayer } from "./prompt-layer.js";

export type RedisPromptsOptions = {
  /** `redis:` or `rediss:`. May hold a password: secret. */
  readonly url: string;
  readonly timeToLiveMs: number;
  /** A question that is not answered by then is not waited for. */
  readonly timeoutMs: number;
  /** Seals each value under its name, for a Redis that others can read; left out: it is not. */
  readonly envelope?: PromptEnvelope | undefined;
  /** Something failed; told once until it works again. */
  readonly failed: (error: ErrorData) => void;
};

/** `open` gives undefined for what it did not seal: such a prompt is rendered again. */
export type PromptEnvelope = {
  seal(key: string, value: Uint8Array): Uint8Array;
  open(key: string, sealed: Uint8Array): Uint8Array | undefined;
};

const prefix = "voxtree:prompt:";
/** A command that waits for a connection that is lost fails at once instead. */
const reconnectMsMax = 2000;

export class RedisPrompts implements PromptLayer {
  readonly name = "redis";
  readonly #options: RedisPromptsOptions;
  readonly #redis: Redis;
  #hasFailed = false;

  /** Connects by itself, again and again. Never throws. */
  constructor(options: RedisPromptsOptions) {
    this.#options = options;
    this.#redis = new Redis(options.url, {
      connectTimeout: options.timeoutMs,
      commandTimeout: options.timeoutMs,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(reconnectMsMax, attempt * 100),
    });
    this.#redis.on("error", (error: Error) => this.#failed(error));
    this.#redis.on("ready", () => (this.#hasFailed = false));
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#try(async () => {
      const sealed = await this.#redis.getexBuffer(prefix + key, "PX", this.#options.timeToLiveMs);
      const { envelope } = this.#options;
      const value = sealed === null || !envelope ? sealed : envelope.open(key, sealed);
      return value ? openPrompt(value) : undefined;
    });
  }

  async put(key: string, audio: Uint8Array): Promise<void> {
    await this.#try(() => {
      const value = sealPrompt(audio);
      const sealed = Buffer.from(this.#options.envelope?.seal(key, value) ?? value);
      return this.#redis.set(prefix + key, sealed, "PX", this.#options.timeToLiveMs);
    });
  }

  close(): void {
    this.#redis.disconnect();
  }

  async #try<Value>(run: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await run();
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #failed(error: unknown): void {
    if (!this.#hasFailed) this.#options.failed(toErrorData(error));
    this.#hasFailed = true;
  }
}
