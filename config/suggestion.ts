/** "Did you mean …": the existing name that is nearest to a mistyped one. */

/** The nearest of `names` by edit distance, the first among equals; undefined without names. */
export function nearestName(wrong: string, names: Iterable<string>): string | undefined {
  return ranked(wrong, names)[0]?.name;
}

/** ` (did you mean "x"?)` when a name is near enough to be a slip of the hand, else "". */
export function suggestion(wrong: string, names: Iterable<string>): string {
  const best = ranked(wrong, names)[0];
  const slipMax = Math.max(2, Math.floor(wrong.length / 2));
  return best === undefined || best.distance > slipMax ? "" : ` (did you mean "${best.name}"?)`;
}

function ranked(wrong: string, names: Iterable<string>): { name: string; distance: number }[] {
  const lowerCase = wrong.toLowerCase().slice(0, 80);
  return [...names]
    .map((name) => ({ name, distance: editDistance(lowerCase, name.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance);
}

/** Levenshtein distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
