/** What the node tells a thread about one call, and what becomes of it on its way. */
import type { Fault } from "./fault-plan.js";

/** How often a command arrives, how much later, and whether what follows waits for it. */
export type CommandFate = {
  readonly times: 0 | 1 | 2;
  readonly laterMs: number;
  readonly isOvertaken: boolean;
};

export const onceInOrder: CommandFate = { times: 1, laterMs: 0, isOvertaken: false };

/** Nothing goes wrong with any other command. */
const ofCalls = new Set([
  "expectCall",
  "forgetCall",
  "farewell",
  "startCall",
  "adoptCall",
  "hangup",
]);
/** Without these a call still comes to its end. */
const mayBeLost = new Set(["expectCall", "forgetCall", "farewell"]);

/** @returns undefined where it is not about one call */
export function callCommandOf(
  command: unknown,
): { readonly kind: string; readonly callId: string } | undefined {
  const { kind, callId, spec } = command as {
    readonly kind?: string;
    readonly callId?: string;
    readonly spec?: { readonly callId: string };
  };
  const id = callId ?? spec?.callId;
  return kind === undefined || id === undefined || !ofCalls.has(kind)
    ? undefined
    : { kind, callId: id };
}

export function fateOfCommand(kind: string, fault: Fault | undefined): CommandFate {
  const laterMs = fault?.durationMs ?? 0;
  switch (fault?.mode) {
    case "drop":
      return mayBeLost.has(kind) ? { ...onceInOrder, times: 0 } : onceInOrder;
    case "delay":
      return { ...onceInOrder, laterMs };
    case "repeat":
      return { ...onceInOrder, times: 2 };
    case "reorder":
      return { times: 1, laterMs, isOvertaken: true };
    default:
      return onceInOrder;
  }
}
