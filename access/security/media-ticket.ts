/**
 * The ticket of a call: its media token as a UUID, for protocols that have room for 16 bytes and no
 * more (AudioSocket). Whoever holds the token can make it; from the ticket there is no way back.
 */
import { createHash } from "node:crypto";

/** e.g. `2b1f…-…`, lower case. As secret as the token, and used up with it. */
export function mediaTicket(token: string): string {
  const digest = createHash("sha256").update(`voxtree media ticket 1\n${token}`).digest("hex");
  return digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
