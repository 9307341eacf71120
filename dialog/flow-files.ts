/**
 * Flow files: those that come with the package, by name, and anybody's own, by path. The shipped
 * ones are read from `dialog/flows/` of the package, from source and compiled alike.
 */
import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../base/compiled-entry.js";
import type { CompiledFlow } from "./dialog-types.js";
import { compileFlow } from "./flow-compiler.js";
import { FlowFileError } from "./flow-errors.js";
import { suggestion } from "../config/suggestion.js";

/** Folder of the shipped flows, as a URL ending in `/`. */
export const shippedFlowsFolder: URL = new URL("dialog/flows/", packageRoot);

/** A flow file that can be loaded. */
export type FlowFile = {
  /** Without folder and `.yaml`, e.g. `appointment-reminder.zh`. */
  readonly name: string;
  readonly path: string;
};

/**
 * The flow files (`.yaml`, `.yml`) of a folder, by name in order.
 *
 * @throws {FlowFileError} `FLOW_FILE` when the folder cannot be read
 */
export async function listFlows(folder: URL | string = shippedFlowsFolder): Promise<FlowFile[]> {
  const path = typeof folder === "string" ? folder : fileURLToPath(folder);
  const names = await readdir(path).catch((cause: unknown) => {
    throw new FlowFileError(`cannot read folder ${path}: ${reason(cause)}`, { path }, { cause });
  });
  return names
    .filter((name) => extension.test(name))
    .sort()
    .map((name) => ({
      name: name.replace(extension, ""),
      path: `${path.replace(/\/$/, "")}/${name}`,
    }));
}

/**
 * Loads and compiles one flow.
 *
 * @param reference a shipped flow's name, e.g. `satisfaction-survey`, or a path: with a slash, or
 *   ending in `.yaml` or `.yml`
 * @throws {FlowFileError} `FLOW_FILE` when there is no such name or the file cannot be read
 * @throws {FlowError} `FLOW_INVALID` when the file has mistakes
 */
export async function loadFlow(reference: string): Promise<CompiledFlow> {
  const path = isPath(reference) ? reference : await shippedPath(reference);
  const source = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new FlowFileError(`cannot read flow ${path}: ${reason(cause)}`, { path }, { cause });
  });
  return compileFlow(source, { fileName: isPath(reference) ? path : basename(path) });
}

const extension = /\.ya?ml$/;

function isPath(reference: string): boolean {
  return /[\\/]/.test(reference) || extension.test(reference);
}

async function shippedPath(name: string): Promise<string> {
  const files = await listFlows();
  const file = files.find((one) => one.name === name);
  if (file !== undefined) return file.path;
  const names = files.map((one) => one.name);
  const known = `shipped flows: ${names.join(", ")}; for a file of your own, give its path`;
  throw new FlowFileError(`there is no flow "${name}"${suggestion(name, names)}; ${known}`, {
    name,
    names,
  });
}

function reason(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === "ENOENT") return "it does not exist";
  if (code === "EACCES") return "no permission to read it";
  if (code === "EISDIR") return "it is a folder";
  return cause instanceof Error ? cause.message : String(cause);
}
