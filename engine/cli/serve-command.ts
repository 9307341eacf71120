/** `voxtree serve`: an engine with its control API, until somebody ends it. */
import { EngineError } from "../../base/errors.js";
import { mediaProtocols } from "../../access/protocols/media-protocols.js";
import { defaultConfig } from "../../config/default-config.js";
import { loadConfigFile } from "../../config/load-config.js";
import type { Config } from "../../config/schema.js";
import { formatDuration } from "../../config/units.js";
import type { EngineNode } from "../engine-node.js";
import { createHttpServer, type HttpServer } from "../http/http-server.js";
import { createNode } from "../node/node.js";
import { createLog } from "./log.js";
import { awaitInterruption } from "./signals.js";
import { createProgress, type Terminal } from "./terminal.js";

export type ServeOptions = {
  /** Left out: the defaults. */
  readonly configFile?: string | undefined;
  /** How long calls may go on after the first signal. */
  readonly drainMs: number;
};

/**
 * Serves until SIGINT or SIGTERM.
 *
 * @returns the exit code
 * @throws {EngineError} what is wrong with the configuration, or could not start
 */
export async function serve(options: ServeOptions, terminal: Terminal): Promise<number> {
  const { configFile, drainMs } = options;
  const config =
    configFile === undefined ? defaultConfig() : loadConfigFile(configFile, terminal.env);
  const log = createLog(config.log, terminal.writeError);
  const node = createNode(config, { log });
  const http = createHttpServer({ node, config: config.http, log });
  const { happened, release } = awaitInterruption((name) =>
    terminal.writeError(goodbye(name, drainMs)),
  );
  try {
    // Before the node, so that probes see "not ready" instead of nothing.
    const httpUrl = await listen(http, config);
    const progress = createProgress(terminal);
    const { mediaUrl } = await node.start(progress.show);
    progress.done();
    terminal.write(describeEngine(node, { httpUrl, mediaUrl, config }));
    await happened;
    // The control API tells how the end is going, so it closes last.
    await node.stop({ drainMs });
    return 0;
  } finally {
    await node.stop();
    await http.close();
    release();
  }
}

function goodbye(name: NodeJS.Signals, drainMs: number): string {
  const wait = `waiting up to ${formatDuration(drainMs)} for the calls`;
  return `\n${name}: no new calls; ${wait}. Once more ends at once.\n`;
}

async function listen(http: HttpServer, { http: { host, port } }: Config): Promise<string> {
  try {
    return await http.listen();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    const reason = listenReasons[code] ?? `the system says ${code}`;
    const message = `cannot listen on http.host ${host}, http.port ${port}: ${reason}`;
    throw new EngineError("HTTP_LISTEN", message, { host, port, code }, { cause });
  }
}

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is taken; name another one, or 0 for any",
  EACCES: "ports below 1024 need a privilege; name a higher one",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such host",
};

type Places = { readonly httpUrl: string; readonly mediaUrl: string; readonly config: Config };

/** Where it listens, what it can do and what is missing. */
function describeEngine(node: EngineNode, { httpUrl, mediaUrl, config }: Places): string {
  const { notes, callsMax } = node.health();
  const media = mediaProtocols().map(({ path }) => `${mediaUrl}${path}`);
  const flows = node.flows().map(({ id, language }) => `${id} (${language})`);
  const trunks = config.trunks.map(({ name, kind }) => `${name} (${kind})`);
  const access = config.http.apiToken === undefined ? "this machine only" : "bearer token";
  const lines = [
    ["control", `${httpUrl}  (${access})`],
    ...media.map((url) => ["media", url]),
    ["flows", flows.join(", ")],
    ["trunks", trunks.join(", ")],
    ["calls", `at most ${callsMax} at once`],
    ["data", config.storage.dataDir],
    ...notes.map((note) => ["note", note]),
  ];
  const text = lines.map(([name, value]) => `${name!.padEnd(8)} ${value}\n`).join("");
  return `${text}ready: POST ${httpUrl}/v1/calls; Ctrl+C ends politely\n`;
}
