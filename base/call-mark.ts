/** A call's id as a number that fits a word of shared memory. Pure. */

/**
 * FNV-1a over the UTF-16 units, never 0. Two calls may share a mark: it is a hint, not a name.
 *
 * @see Fowler, Noll and Vo, "FNV hash", 32 bits
 */
export function callMark(callId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < callId.length; at += 1) {
    hash = Math.imul(hash ^ callId.charCodeAt(at), 0x01000193);
  }
  return hash === 0 ? 1 : hash | 0;
}

/** The mark that every actor of a call leaves, by its path; 0 for actors of no call. */
export function callMarkOfPath(path: string): number {
  const callId = /\/call-([^/]+)/.exec(path)?.[1];
  return callId === undefined ? 0 : callMark(callId);
}
