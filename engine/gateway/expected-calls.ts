/** Which media streams are let in: each call once, with its token, within its time. */
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../base/ports.js";

type Expected = { readonly token: Buffer; readonly shardIndex: number; readonly untilMs: number };

/** Why a stream is not let in. The peer is told the same for all of them. */
export type Refusal = "unknownCall" | "wrongToken" | "expired";

export class ExpectedCalls {
  readonly #calls = new Map<string, Expected>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  expect(call: {
    readonly callId: string;
    readonly token: string;
    readonly shardIndex: number;
    readonly expiresInMs: number;
  }): void {
    this.#calls.set(call.callId, {
      token: Buffer.from(call.token),
      shardIndex: call.shardIndex,
      untilMs: this.#clock.nowMs() + call.expiresInMs,
    });
  }

  /** Another shard waits for it now. @returns whether it was expected */
  move(callId: string, shardIndex: number): boolean {
    const expected = this.#calls.get(callId);
    if (expected !== undefined) this.#calls.set(callId, { ...expected, shardIndex });
    return expected !== undefined;
  }

  /** Whether anybody may still come. */
  get isExpecting(): boolean {
    const nowMs = this.#clock.nowMs();
    return [...this.#calls.values()].some(({ untilMs }) => untilMs >= nowMs);
  }

  forget(callId: string): void {
    this.#calls.delete(callId);
  }

  /** Lets a stream in and uses its expectation up; a wrong token leaves it for the right one. */
  admit(callId: string | undefined, token: string | undefined): { shardIndex: number } | Refusal {
    const expected = callId === undefined ? undefined : this.#calls.get(callId);
    if (callId === undefined || expected === undefined) return "unknownCall";
    const given = Buffer.from(token ?? "");
    if (given.length !== expected.token.length || !timingSafeEqual(given, expected.token)) {
      return "wrongToken";
    }
    this.#calls.delete(callId);
    if (this.#clock.nowMs() > expected.untilMs) return "expired";
    return { shardIndex: expected.shardIndex };
  }
}
