/** What goes wrong with a configuration. */
import { EngineError } from "../base/errors.js";

/** One mistake. Lines and columns count from 1. */
export type ConfigMistake = {
  /** E.g. `gateway.port`; empty for the file as a whole. */
  readonly path: string;
  /** Left out when the configuration does not come from a file. */
  readonly line?: number;
  readonly column?: number;
  /** Names the value given and what would be right. Never shows a secret. */
  readonly message: string;
};

/** A configuration has mistakes: `detail.mistakes` holds all of them, in the order of the file. */
export class ConfigError extends EngineError {
  readonly mistakes: readonly ConfigMistake[];

  constructor(fileName: string, mistakes: readonly ConfigMistake[]) {
    const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
    const lines = mistakes.map((mistake) => `  ${describeMistake(fileName, mistake)}`);
    super("CONFIG_INVALID", [`${fileName} has ${count}:`, ...lines].join("\n"), {
      fileName,
      mistakes,
    });
    this.mistakes = mistakes;
  }
}

/** The file of a configuration cannot be read. */
export class ConfigFileError extends EngineError {
  constructor(message: string, detail: Readonly<Record<string, unknown>>, options?: ErrorOptions) {
    super("CONFIG_FILE", message, detail, options);
  }
}

function describeMistake(fileName: string, mistake: ConfigMistake): string {
  const { line, column, path, message } = mistake;
  const place = line === undefined ? "" : `${fileName}:${line}:${column}: `;
  return `${place}${path === "" ? "" : `${path}: `}${message}`;
}
