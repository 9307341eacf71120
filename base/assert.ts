/** Invariants. A failed assert is our bug: it crashes the actor, and its supervisor decides. */
import { EngineError } from "./errors.js";

/** @throws {EngineError} `ASSERTION` when `condition` is false. */
export function assert(
  condition: boolean,
  message: string,
  detail: Readonly<Record<string, unknown>> = {},
): asserts condition {
  if (!condition) throw new EngineError("ASSERTION", message, detail);
}

/** Ends a `switch` over a union: a new kind fails to compile until it is handled. */
export function assertNever(value: never): never {
  throw new EngineError("ASSERTION", `unhandled case: ${JSON.stringify(value)}`);
}
