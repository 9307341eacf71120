/**
 * The pieces that schemas of the configuration are made of. Every part may be left out; the
 * messages say what is right, and `draft.ts` adds what was given.
 */
import { z } from "zod";
import type { Limit } from "./limits.js";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.js";

export function whole({ min, max }: Limit) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .number({ error })
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, { error })
    .optional();
}

/** "5s" → milliseconds. */
export function duration({ min, max }: Limit) {
  const range = `from ${formatDuration(min)} to ${formatDuration(max)}`;
  const error = `must be a duration with its unit (ms, s, m or h) ${range}, like "5s"`;
  return z
    .string({ error })
    .transform((text) => parseDuration(text) ?? Number.NaN)
    .refine((valueMs) => valueMs >= min && valueMs <= max, { error })
    .optional();
}

/** "64KiB", or a plain number of bytes → bytes. */
export function size({ min, max }: Limit) {
  const range = `from ${formatSize(min)} to ${formatSize(max)}`;
  const error = `must be a size (B, KiB, MiB or GiB) ${range}, like "64KiB"`;
  return z
    .union([z.string(), z.number()], { error })
    .transform((given) => (typeof given === "string" ? (parseSize(given) ?? Number.NaN) : given))
    .refine((bytes) => Number.isInteger(bytes) && bytes >= min && bytes <= max, { error })
    .optional();
}

export function part<Shape extends z.ZodRawShape>(shape: Shape) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "invalid_type" ? `must be a map with any of: ${keys}` : undefined,
  });
}

/** A part of the file; one whose every line is a comment is as good as left out. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.preprocess((given) => given ?? undefined, part(shape).optional()).optional();
}

export function text(error: string, pattern: RegExp) {
  return z.string({ error }).regex(pattern, { error });
}

const serviceRule =
  'must be a URL (http or https) without credentials, like "https://example.com/v1"';

/** Where a service listens. */
export const serviceUrl = z
  .string({ error: serviceRule })
  .refine(isServiceUrl, { error: serviceRule });

function isServiceUrl(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, hash, username, password } = new URL(given);
  return /^https?:$/.test(protocol) && hash === "" && username === "" && password === "";
}

export const flag = z.boolean({ error: "must be true or false" }).optional();

export const path = text("must be the path of a file or folder", /^[^\0]+$/).max(4096);

export function listOf<Item extends z.ZodType>(item: Item, what: string) {
  const error = `must be a list of ${what}, at least one`;
  return z.array(item, { error }).min(1, { error }).max(1000, { error }).optional();
}

const secretRule =
  "must not be written here: refer to it, as { env: VARIABLE } or { file: path }, so that this file can be shown to anybody";
const envName = text(
  "must be the name of an environment variable: capitals, digits and _",
  /^[A-Z_][A-Z0-9_]*$/,
);
export const secret = z
  .strictObject({ env: envName.optional(), file: path.optional() }, { error: secretRule })
  .refine(({ env, file }) => (env === undefined) !== (file === undefined), {
    error: "must have either env or file",
  })
  .optional();
