/**
 * Which media streams are let in: those of calls that were announced, each once, by its token and
 * within its time. Also the streams that come back to a call whose leg this gateway never had.
 */
import { timingSafeEqual } from "node:crypto";
import { mediaTicket } from "../../access/security/media-ticket.js";
import type { Clock } from "../../base/ports.js";

type Expected = { readonly token: Buffer; readonly shardIndex: number; readonly untilMs: number };
type ExpectedBack = {
  readonly shardIndex: number;
  readonly untilMs: number;
  /** Tokens below were used before. */
  readonly generation: number;
  /** `formatKey` of its media; undefined: any. */
  readonly format: string | undefined;
};

/** Why a stream is not let in. The peer is told the same for all of them. */
export type Refusal = "unknownCall" | "wrongToken" | "usedToken" | "expired" | "otherFormat";

export class ExpectedCalls {
  readonly #calls = new Map<string, Expected>();
  readonly #back = new Map<string, ExpectedBack>();
  /** Call ids by ticket. */
  readonly #tickets = new Map<string, string>();
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  expect(call: {
    readonly callId: string;
    readonly token: string;
    readonly shardIndex: number;
    readonly expiresInMs: number;
  }): void {
    this.#tickets.set(mediaTicket(call.token), call.callId);
    this.#calls.set(call.callId, {
      token: Buffer.from(call.token),
      shardIndex: call.shardIndex,
      untilMs: this.#clock.nowMs() + call.expiresInMs,
    });
  }

  /** The call is under way, and its client lost us: it may come back. */
  expectBack(call: {
    readonly callId: string;
    readonly generation: number;
    readonly shardIndex: number;
    readonly format?: string;
    readonly expiresInMs: number;
  }): void {
    const { callId, generation, shardIndex, format, expiresInMs } = call;
    const untilMs = this.#clock.nowMs() + expiresInMs;
    this.#back.set(callId, { shardIndex, untilMs, generation, format });
  }

  /** Another shard waits for it now. @returns whether it was expected */
  move(callId: string, shardIndex: number): boolean {
    const expected = this.#calls.get(callId);
    const back = this.#back.get(callId);
    if (expected !== undefined) this.#calls.set(callId, { ...expected, shardIndex });
    if (back !== undefined) this.#back.set(callId, { ...back, shardIndex });
    return expected !== undefined || back !== undefined;
  }

  /** Whether anybody may still come. */
  get isExpecting(): boolean {
    const nowMs = this.#clock.nowMs();
    const all = [...this.#calls.values(), ...this.#back.values()];
    return all.some(({ untilMs }) => untilMs >= nowMs);
  }

  forget(callId: string): void {
    this.#drop(callId);
    this.#back.delete(callId);
  }

  /** Gives up waiting for a client to come back. @returns whether it was waited for */
  expireBack(callId: string): boolean {
    const back = this.#back.get(callId);
    if (back === undefined || this.#clock.nowMs() < back.untilMs) return false;
    return this.#back.delete(callId);
  }

  /** Lets a stream in and uses its expectation up; a wrong token leaves it for the right one. */
  admit(callId: string | undefined, token: string | undefined): { shardIndex: number } | Refusal {
    const expected = callId === undefined ? undefined : this.#calls.get(callId);
    if (callId === undefined || expected === undefined) return "unknownCall";
    const given = Buffer.from(token ?? "");
    if (given.length !== expected.token.length || !timingSafeEqual(given, expected.token)) {
      return "wrongToken";
    }
    this.#drop(callId);
    if (this.#clock.nowMs() > expected.untilMs) return "expired";
    return { shardIndex: expected.shardIndex };
  }

  /** The call and the token that a ticket stands for. */
  ofTicket(ticket: string): { readonly callId: string; readonly token: string } | undefined {
    const callId = this.#tickets.get(ticket);
    const expected = callId === undefined ? undefined : this.#calls.get(callId);
    if (callId === undefined || expected === undefined) return undefined;
    return { callId, token: expected.token.toString() };
  }

  #drop(callId: string): void {
    const expected = this.#calls.get(callId);
    if (expected !== undefined) this.#tickets.delete(mediaTicket(expected.token.toString()));
    this.#calls.delete(callId);
  }

  /**
   * The same for a stream that comes back, with the generation of its resume token.
   *
   * @param format `formatKey` of its media
   */
  admitBack(
    callId: string,
    generation: number | undefined,
    format: string,
  ): { readonly shardIndex: number } | Refusal {
    const back = this.#back.get(callId);
    if (back === undefined) return "unknownCall";
    if (generation === undefined) return "wrongToken";
    if (generation < back.generation) return "usedToken";
    if (this.#clock.nowMs() > back.untilMs) return "expired";
    if (back.format !== undefined && back.format !== format) return "otherFormat";
    this.#back.delete(callId);
    return { shardIndex: back.shardIndex };
  }
}
