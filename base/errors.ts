/**
 * Errors that cross threads. Structured clone reduces a class to a bare `Error` and drops its
 * fields, so an error travels as `ErrorData` and is made whole again on the other side.
 */

/** What an error is once it is plain data: safe for `postMessage`, msgpack and logs. */
export type ErrorData = {
  readonly code: string;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly stack?: string;
  readonly cause?: ErrorData;
};

/** Base of every error the engine throws. Match on `code`, never on the message. */
export class EngineError extends Error {
  readonly code: string;
  readonly detail: Readonly<Record<string, unknown>>;

  /**
   * @param code stable, upper-case, e.g. `FRAME_TOO_LARGE`
   * @param message says where, what, and what would be right
   * @param detail the numbers of the message, as plain data; never spoken or dialled text
   */
  constructor(
    code: string,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.detail = detail;
  }
}

/** Turns anything thrown into data. A foreign error gets the code `UNEXPECTED`. */
export function toErrorData(thrown: unknown): ErrorData {
  if (!(thrown instanceof Error)) {
    return { code: "UNEXPECTED", message: String(thrown), detail: {} };
  }
  const engineError = thrown instanceof EngineError ? thrown : undefined;
  return {
    code: engineError?.code ?? "UNEXPECTED",
    message: thrown.message,
    detail: engineError?.detail ?? {},
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(thrown.cause === undefined ? {} : { cause: toErrorData(thrown.cause) }),
  };
}

/** Makes an error whole again after it crossed a thread: same code, detail, cause and stack. */
export function fromErrorData(data: ErrorData): EngineError {
  const options = data.cause === undefined ? undefined : { cause: fromErrorData(data.cause) };
  const error = new EngineError(data.code, data.message, data.detail, options);
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}
