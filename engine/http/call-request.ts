/** The body of `POST /v1/calls`, checked: every wrong field at once, with its value. */
import { z } from "zod";
import { wrongPartsOf } from "../../config/draft.js";
import type { CallRequest } from "../engine-node.js";
import { invalidRequest, ProblemError } from "./problem.js";

function text(charsMax: number) {
  const error = `must be a text of 1 to ${charsMax} characters without control characters`;
  return z
    .string({ error })
    .min(1, { error })
    .max(charsMax, { error })
    .regex(/^[^\p{Cc}]*$/u, { error })
    .refine((given) => given.trim() !== "", { error });
}

const variablesRule = "must be a map from names to texts, at most 50";
const valueRule = "must be a text of at most 200 characters";

const callRequest = z.strictObject(
  {
    userId: text(200),
    flow: text(80),
    trunk: text(80),
    to: text(200),
    variables: z
      .record(z.string(), z.string({ error: valueRule }).max(200, { error: valueRule }), {
        error: variablesRule,
      })
      .refine((given) => Object.keys(given).length <= 50, { error: variablesRule })
      .optional(),
    isRecorded: z.boolean({ error: "must be true or false" }).optional(),
  },
  {
    error: (issue) =>
      issue.code === "invalid_type"
        ? "must be a JSON object with userId, flow, trunk and to"
        : undefined,
  },
);

/** @throws {ProblemError} 422 with every wrong field */
export function parseCallRequest(body: unknown): CallRequest {
  const parsed = callRequest.safeParse(body);
  if (!parsed.success) {
    const options = { schema: callRequest, value: body };
    const wrong = parsed.error.issues.flatMap((issue) => wrongPartsOf(issue, options));
    const mistakes = wrong.map(({ path, message }) => ({ field: path.join("."), message }));
    throw new ProblemError(invalidRequest(mistakes));
  }
  const { variables, isRecorded, ...required } = parsed.data;
  return {
    ...required,
    ...(variables === undefined ? {} : { variables }),
    ...(isRecorded === undefined ? {} : { isRecorded }),
  };
}
