/** The bodies of requests about calls, checked: every wrong field at once, with its value. */
import { z } from "zod";
import { languageTag } from "../../dialog/flow-schema.js";
import type { HearingWish } from "../../speech/hearing/call-hearing.js";
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

function bodyRule(rule: string) {
  return ({ code }: { readonly code?: string }) => (code === "invalid_type" ? rule : undefined);
}

const variablesRule = "must be a map from names to texts, at most 50";
const valueRule = "must be a text of at most 200 characters";

const flag = z.boolean({ error: "must be true or false" }).optional();

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
    isRecorded: flag,
    language: languageTag.optional(),
    hearing: z
      .strictObject(
        { suppressNoise: flag, normaliseLevel: flag, dialect: languageTag.optional() },
        { error: bodyRule("must be a JSON object with suppressNoise, normaliseLevel, dialect") },
      )
      .optional(),
  },
  { error: bodyRule("must be a JSON object with userId, flow, trunk and to") },
);

const transferRequest = z.strictObject(
  { to: text(200) },
  { error: bodyRule("must be a JSON object with to") },
);

const keysRule = "must be 1 to 64 of the keys 0-9 * # A-D";
const keysRequest = z.strictObject(
  { keys: z.string({ error: keysRule }).regex(/^[0-9*#A-D]{1,64}$/, { error: keysRule }) },
  { error: bodyRule("must be a JSON object with keys") },
);

type HearingDraft = NonNullable<z.output<typeof callRequest>["hearing"]>;

/** @throws {ProblemError} 422 with every wrong field */
export function parseCallRequest(body: unknown): CallRequest {
  const { variables, isRecorded, language, hearing, ...required } = parsedBody(callRequest, body);
  return {
    ...required,
    ...(variables === undefined ? {} : { variables }),
    ...(isRecorded === undefined ? {} : { isRecorded }),
    ...(language === undefined ? {} : { language }),
    ...(hearing === undefined ? {} : { hearing: wishOf(hearing) }),
  };
}

function wishOf({ suppressNoise, normaliseLevel, dialect }: HearingDraft): HearingWish {
  return { suppressesNoise: suppressNoise, normalisesLevel: normaliseLevel, dialect };
}

/** The body of a transfer. @throws {ProblemError} 422 */
export function parseTransfer(body: unknown): { readonly to: string } {
  return parsedBody(transferRequest, body);
}

/** The body of a request to press keys. @throws {ProblemError} 422 */
export function parseKeys(body: unknown): { readonly keys: string } {
  return parsedBody(keysRequest, body);
}

/** @throws {ProblemError} 422 with every mistake of the body */
export function parsedBody<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const options = { schema, value: body };
  const wrong = result.error.issues.flatMap((issue) => wrongPartsOf(issue, options));
  const mistakes = wrong.map(({ path, message }) => ({ field: path.join("."), message }));
  throw new ProblemError(invalidRequest(mistakes));
}
