/**
 * Errors as answers: every one of them is `application/problem+json`, names what was given and
 * what would be right, and has a code to match on.
 *
 * @see RFC 9457 "Problem Details for HTTP APIs"
 */
import { EngineError } from "../../base/errors.js";

/** One field of a request that is wrong. */
export type FieldMistake = {
  /** E.g. `variables.name`; empty for the body as a whole. */
  readonly field: string;
  readonly message: string;
};

/** An answer that is an error. */
export type Problem = {
  readonly status: number;
  /** Stable, upper-case. */
  readonly code: string;
  /** The kind of problem, in words that do not change from case to case. */
  readonly title: string;
  /** This case: the value and what is right. */
  readonly detail: string;
  readonly mistakes?: readonly FieldMistake[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** Thrown by routes and hooks; the error handler sends it. */
export class ProblemError extends EngineError {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.code, problem.detail);
    this.problem = problem;
  }
}

/** The body that goes over the wire. */
export function problemBody({ headers: _, ...problem }: Problem): Record<string, unknown> {
  return { type: "about:blank", ...problem };
}

/** What an error of the engine means to a client; undefined: it is ours, not the client's. */
export function problemOf(error: unknown, bodyBytesMax: number): Problem | undefined {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof EngineError) return engineProblem(error);
  return frameworkProblem(error as { code?: unknown; statusCode?: unknown }, bodyBytesMax);
}

/** Of an error nobody expected: its text may hold anything, so the client does not get it. */
export function unexpectedProblem(requestId: string): Problem {
  const detail = `the engine failed at this request; its log tells why, under request ${requestId}`;
  return { status: 500, code: "UNEXPECTED", title: "Internal error", detail };
}

/** Which field of a call request the engine means by its codes. */
const fieldOfCode: Readonly<Record<string, string>> = {
  UNKNOWN_FLOW: "flow",
  FLOW_UNSPEAKABLE: "flow",
  UNKNOWN_TRUNK: "trunk",
  FLOW_VARIABLES: "variables",
  USER_ID: "userId",
  TRUNK_REQUEST: "keys",
};

function engineProblem({ code, message, detail }: EngineError): Problem | undefined {
  if (code === "ADMISSION_REFUSED") {
    const seconds = detail["retryAfterSeconds"];
    const retryAfter = typeof seconds === "number" ? Math.max(1, Math.ceil(seconds)) : 5;
    const headers = { "retry-after": String(retryAfter) };
    return { status: 503, code, title: "No new call now", detail: message, headers };
  }
  if (code === "UNKNOWN_CALL") {
    return { status: 404, code, title: "No such call", detail: message };
  }
  if (code === "TRUNK_TRANSFER" || code === "TRUNK_UNSUPPORTED") {
    return { status: 409, code, title: "The trunk did not do it", detail: message };
  }
  if (code.startsWith("VOICEPRINT_")) return voiceprintProblem(code, message);
  const field = fieldOfCode[code];
  if (field === undefined) return undefined;
  return invalidRequest([{ field, message }], code);
}

/** What is wrong with the speech or the person is the client's; the service behind it is not. */
function voiceprintProblem(code: string, detail: string): Problem | undefined {
  const title = "No word on the voice";
  if (code === "VOICEPRINT_UNKNOWN") return { status: 404, code, title, detail };
  if (["VOICEPRINT_SHORT", "VOICEPRINT_USER", "VOICEPRINT_MODEL"].includes(code)) {
    return { status: 409, code, title, detail };
  }
  return code === "VOICEPRINT_CORRUPT" ? undefined : { status: 502, code, title, detail };
}

/** The answer to a request whose fields are wrong. */
export function invalidRequest(
  mistakes: readonly FieldMistake[],
  code = "REQUEST_INVALID",
): Problem {
  const lines = mistakes.map(({ field, message }) =>
    field === "" ? message : `${field}: ${message}`,
  );
  const detail = lines.join("; ");
  return { status: 422, code, title: "The request has mistakes", detail, mistakes };
}

function frameworkProblem(
  { code, statusCode }: { code?: unknown; statusCode?: unknown },
  bodyBytesMax: number,
): Problem | undefined {
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE": {
      const detail = `the body is over ${bodyBytesMax} bytes`;
      return { status: 413, code: "BODY_TOO_LARGE", title: "Body too large", detail };
    }
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE": {
      const detail = 'the body must be JSON, with the header "Content-Type: application/json"';
      return { status: 415, code: "CONTENT_TYPE", title: "Wrong content type", detail };
    }
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH": {
      const detail = "the body is shorter or longer than its Content-Length";
      return { status: 400, code: "CONTENT_LENGTH", title: "Broken body", detail };
    }
    default:
      if (typeof statusCode !== "number" || statusCode < 400 || statusCode > 499) return undefined;
      return {
        status: statusCode,
        code: "BAD_REQUEST",
        title: "Bad request",
        detail: "the request is not well-formed HTTP for this server",
      };
  }
}
