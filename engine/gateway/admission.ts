/**
 * What becomes of a stream that wants to start: it opens the leg of a call that waits for it, takes
 * up one whose connection was lost, or is turned away.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../base/ports.js";
import type { StreamStart } from "../../access/protocols/media-protocol.js";
import { formatKey } from "../../codecs/audio/audio-codec.js";
import { ExpectedCalls, type Refusal } from "./expected-calls.js";
import type { Seat } from "./seat.js";
import { resumeGeneration, resumeKeyBytes, resumeToken } from "./resume-token.js";

export type Decision =
  | {
      readonly kind: "open";
      readonly callId: string;
      readonly shardIndex: number;
      /** Of the resume token that it is given. */
      readonly generation: number;
      /** The call is under way: this gateway only never had its leg. */
      readonly isResumed: boolean;
    }
  | { readonly kind: "resume"; readonly seat: Seat }
  | { readonly kind: "refuse"; readonly why: Refusal };

export class Admission {
  readonly expected: ExpectedCalls;
  #key: Uint8Array = randomBytes(resumeKeyBytes);

  constructor(clock: Pick<Clock, "nowMs">) {
    this.expected = new ExpectedCalls(clock);
  }

  /** The key under which tokens of other lives of the gateway were signed. */
  setKey(key: Uint8Array): void {
    this.#key = key;
  }

  /** The secret with which the client of a leg can come back. */
  tokenOf(callId: string, generation: number): string {
    return resumeToken(this.#key, callId, generation);
  }

  /** @param seat the call's leg, if this gateway has it */
  judge(start: StreamStart, seat: Seat | undefined): Decision {
    const { callId } = start;
    if (callId === undefined) return { kind: "refuse", why: "unknownCall" };
    if (seat !== undefined) return this.#judgeResume(start, seat);
    if (start.resume !== undefined) return this.#judgeBack(callId, start, start.resume);
    const admitted = this.expected.admit(callId, start.token);
    if (typeof admitted === "string") return { kind: "refuse", why: admitted };
    return { kind: "open", callId, ...admitted, generation: 0, isResumed: false };
  }

  #judgeResume(start: StreamStart, seat: Seat): Decision {
    const { connection, leg } = seat;
    const refusal =
      start.resume === undefined
        ? judgeFirstToken(start.token, seat)
        : connection.judge(resumeGeneration(this.#key, leg.callId, start.resume));
    if (refusal !== undefined) return { kind: "refuse", why: refusal };
    const isSame = formatKey(start.format) === leg.formatKey && start.frameMs === leg.frameMs;
    if (!isSame) return { kind: "refuse", why: "otherFormat" };
    return { kind: "resume", seat };
  }

  #judgeBack(callId: string, { format }: StreamStart, token: string): Decision {
    const generation = resumeGeneration(this.#key, callId, token);
    const admitted = this.expected.admitBack(callId, generation, formatKey(format));
    if (typeof admitted === "string") return { kind: "refuse", why: admitted };
    const next = (generation ?? 0) + 1;
    return { kind: "open", callId, ...admitted, generation: next, isResumed: true };
  }
}

/** Whoever lost the connection before the first `ready` has nothing but the token of the call. */
function judgeFirstToken(token: string | undefined, seat: Seat): Refusal | undefined {
  const { connection, socket, firstToken } = seat;
  if (socket !== undefined || !connection.isUnconfirmedFirst) return "unknownCall";
  const given = Buffer.from(token ?? "");
  const right = Buffer.from(firstToken);
  const isRight = given.length === right.length && timingSafeEqual(given, right);
  return isRight ? undefined : "wrongToken";
}
