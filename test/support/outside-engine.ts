/**
 * An engine in a process of its own whose callees are outside of it: its trunk only says whom to
 * call, and whoever has the token connects. The process may be killed without them.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compiledEntry } from "../../base/compiled-entry.js";
import type { ConfigOverrides } from "../../config/default-config.js";
import type { CallRequest, CallView } from "../../engine/engine-node.js";
import { feed } from "./gateway-rig.js";

export type Dialled = { readonly callId: string; readonly token: string; readonly url: string };
export type OutsideLog = {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

type Word =
  | ({ readonly kind: "dial" } & Dialled)
  | ({ readonly kind: "log" } & OutsideLog)
  | { readonly kind: "ready"; readonly failure?: string }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly value?: unknown;
      readonly error?: string;
    };

const source = `
import { createNode } from ${JSON.stringify(compiledEntry("engine/node/node.js").href)};
import { defaultConfig } from ${JSON.stringify(compiledEntry("config/default-config.js").href)};
const send = (word) => process.connected && process.send(word);
const trunk = {
  name: "outside",
  originate({ callId, token, mediaUrl: url }) {
    send({ kind: "dial", callId, token, url });
    return { hangup() {} };
  },
  health: () => ({ isUp: true, attempts: 0 }),
  start: async () => {},
  stop: async () => {},
};
const log = (level, message, fields) => send({ kind: "log", level, message, fields });
const node = createNode(defaultConfig(JSON.parse(process.argv[2])), { trunks: [trunk], log });
process.on("message", ({ id, name, args }) => {
  Promise.resolve()
    .then(() => node[name](...args))
    .then((value) => send({ kind: "answer", id, value }), ({ message }) => send({ kind: "answer", id, error: message }));
});
process.on("disconnect", () => process.exit(0));
node.start().then(() => send({ kind: "ready" }), ({ message: failure }) => send({ kind: "ready", failure }));
`;

export type OutsideEngine = Awaited<ReturnType<typeof beginOutsideEngine>>;

/** Starts the process. It can be asked at once; it dials when it is `ready`. */
export function beginOutsideEngine(config: ConfigOverrides) {
  // A file: the options of a program on the command line would be those of its threads, too.
  const folder = mkdtempSync(join(tmpdir(), "voxtree-outside-"));
  writeFileSync(join(folder, "engine.mjs"), source);
  const args = ["--no-warnings", join(folder, "engine.mjs"), JSON.stringify(config)];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  const words = feed<Word>();
  const logs: OutsideLog[] = [];
  child.on("message", (word: Word) => {
    if (word.kind === "log") logs.push(word);
    words.push(word);
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      rmSync(folder, { recursive: true });
      resolve();
    });
  });
  let lastId = 0;
  const ask = async (name: string, ...given: readonly unknown[]): Promise<unknown> => {
    const id = (lastId += 1);
    child.send({ id, name, args: given });
    const answer = await words.find(
      (word): word is Extract<Word, { kind: "answer" }> => word.kind === "answer" && word.id === id,
    );
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  };
  return {
    pid: child.pid!,
    logs,
    /** @throws {Error} why it did not start */
    async ready(): Promise<void> {
      const { failure } = await words.find(
        (word): word is Extract<Word, { kind: "ready" }> => word.kind === "ready",
      );
      if (failure !== undefined) throw new Error(failure);
    },
    /** Resolves when a line is logged, past or future. */
    logged: (message: string) =>
      words.find(
        (word): word is Extract<Word, { kind: "log" }> =>
          word.kind === "log" && word.message === message,
      ),
    async dial(request: Omit<CallRequest, "trunk" | "to">): Promise<Dialled> {
      const { callId } = (await ask("startCall", {
        ...request,
        trunk: "outside",
        to: "x",
      })) as CallView;
      return words.find(
        (word): word is Extract<Word, { kind: "dial" }> =>
          word.kind === "dial" && word.callId === callId,
      );
    },
    call: async (callId: string) => (await ask("getCall", callId)) as CallView,
    callEnded: async (callId: string) => (await ask("callEnded", callId)) as CallView,
    recording: async (callId: string) => (await ask("readRecording", callId)) as Uint8Array,
    /** Ends it as the kernel would: nothing of it runs any more. */
    async kill(): Promise<void> {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** A port that is free now, so that two lives of an engine can have the same. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
