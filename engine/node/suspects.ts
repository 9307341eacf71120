/**
 * Whom to suspect when a shard is lost for the second time. A call that kills its shards was there
 * at every one of its losses, and so were calls that did nothing. If one of them had its turn each
 * time, it goes on alone. Otherwise nobody knows, as with a callback that throws: then those who
 * lost most go on in groups, the group that loses its shard is divided again, and so on, until one
 * call is alone with its loss.
 *
 * ```
 *   100 suspects ──► 25 25 25 25 ──► 7 6 6 6 ──► 2 2 2 1 ──► 1 1
 *                     ✗               ✗           ✗          ✗ it was this one
 * ```
 */

/** Losses of its shard after which a call is suspected. */
export const lossesBeforeQuarantine = 2;
/** Each is a thread to start; fewer of them would be more losses for those who did nothing. */
const groupsMax = 4;

export type Loser = {
  /** Shards it was lost with. */
  readonly losses: number;
  /** Losses at which it had its turn. */
  readonly suspicions: number;
};

export type Suspicion<One extends Loser> = {
  /** Each of these goes on apart from everybody else. */
  readonly groups: readonly (readonly One[])[];
  readonly free: readonly One[];
};

/**
 * Divides the calls of a lost shard.
 *
 * @param isQuarantine it had none but suspects: who had its turn may have had it by chance
 */
export function suspectsOf<One extends Loser>(
  lost: readonly One[],
  isQuarantine: boolean,
): Suspicion<One> {
  const most = lost.reduce((max, { losses }) => Math.max(max, losses), 0);
  if (most < lossesBeforeQuarantine) return { groups: [], free: lost };
  const hadTurn = lost.filter(({ suspicions }) => suspicions >= lossesBeforeQuarantine);
  if (hadTurn.length > 0) {
    const others = lost.filter((one) => !hadTurn.includes(one));
    const alone = hadTurn.map((one) => [one]);
    if (!isQuarantine) return { groups: alone, free: others };
    return { groups: [...alone, ...divided(others, groupsMax)], free: [] };
  }
  const suspects = lost.filter(({ losses }) => losses === most);
  const free = lost.filter(({ losses }) => losses < most);
  return { groups: divided(suspects, groupsMax), free };
}

function divided<One>(all: readonly One[], into: number): One[][] {
  const count = Math.min(into, all.length);
  const groups: One[][] = Array.from({ length: count }, () => []);
  all.forEach((one, index) => groups[index % count]!.push(one));
  return groups;
}
