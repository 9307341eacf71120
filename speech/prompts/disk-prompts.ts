/**
 * Rendered prompts on disk, so that the next start need not render them: a file each, bounded in
 * bytes, what was used longest ago leaves first. Written beside its place and then moved there, so
 * that a crash leaves no half of one. Fixed texts of flows only: nothing personal.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toErrorData, type ErrorData } from "../../base/errors.js";
import { openPrompt, sealPrompt, type PromptLayer } from "./prompt-layer.js";

export type DiskPromptsOptions = {
  readonly folder: string;
  readonly bytesMax: number;
  /** Something could not be read or written; told once, however often it happens. */
  readonly failed: (error: ErrorData) => void;
};

const keyPattern = /^[0-9a-f]{64}$/;
const partPattern = /\.part$/;

/** Opens the folder, which is made when absent. Never rejects: without a disk it holds nothing. */
export async function openDiskPrompts(options: DiskPromptsOptions): Promise<PromptLayer> {
  const disk = new DiskPrompts(options);
  await disk.open();
  return disk;
}

class DiskPrompts implements PromptLayer {
  readonly name = "disk";
  readonly #options: DiskPromptsOptions;
  /** Bytes by key, in order of use. */
  readonly #files = new Map<string, number>();
  #bytes = 0;
  #hasFailed = false;

  constructor(options: DiskPromptsOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { folder } = this.#options;
    await this.#try(async () => {
      await mkdir(folder, { recursive: true });
      const names = await readdir(folder);
      // Of a process that died while it wrote.
      const parts = names.filter((name) => partPattern.test(name));
      await Promise.all(parts.map((name) => rm(join(folder, name), { force: true })));
      const keys = names.filter((name) => keyPattern.test(name));
      const files = await Promise.all(
        keys.map(async (key) => ({ key, ...(await stat(join(folder, key))) })),
      );
      files.sort((a, b) => a.mtimeMs - b.mtimeMs);
      for (const { key, size } of files) this.#note(key, size);
      await this.#evict();
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const bytes = this.#files.get(key);
    if (bytes === undefined) return undefined;
    return this.#try(async () => {
      const path = join(this.#options.folder, key);
      const audio = openPrompt(await readFile(path));
      if (audio === undefined) {
        this.#forget(key);
        await rm(path, { force: true });
        return undefined;
      }
      this.#note(key, bytes);
      const usedAt = new Date();
      await utimes(path, usedAt, usedAt);
      return audio;
    });
  }

  async put(key: string, audio: Uint8Array): Promise<void> {
    const sealed = sealPrompt(audio);
    if (sealed.length > this.#options.bytesMax) return;
    await this.#try(async () => {
      const path = join(this.#options.folder, key);
      const part = `${path}.${randomBytes(4).toString("hex")}.part`;
      await writeFile(part, sealed);
      await rename(part, path);
      this.#note(key, sealed.length);
      await this.#evict();
    });
  }

  /** The key is the most recently used now. */
  #note(key: string, bytes: number): void {
    this.#forget(key);
    this.#files.set(key, bytes);
    this.#bytes += bytes;
  }

  #forget(key: string): void {
    this.#bytes -= this.#files.get(key) ?? 0;
    this.#files.delete(key);
  }

  async #evict(): Promise<void> {
    const { folder, bytesMax } = this.#options;
    for (const key of [...this.#files.keys()]) {
      if (this.#bytes <= bytesMax) return;
      this.#forget(key);
      await rm(join(folder, key), { force: true });
    }
  }

  async #try<Value>(run: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await run();
    } catch (error) {
      if (!this.#hasFailed) this.#options.failed(toErrorData(error));
      this.#hasFailed = true;
      return undefined;
    }
  }
}
