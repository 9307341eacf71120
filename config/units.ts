/** Durations and sizes as people write them: "200ms", "10m", "64KiB". A unit is always named. */

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const sizeUnits = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Milliseconds; undefined unless it is a number with a unit and comes to whole milliseconds. */
export function parseDuration(text: string): number | undefined {
  return parseWith(durationUnits, text);
}

/** Bytes; undefined unless it is a number with a unit and comes to whole bytes. */
export function parseSize(text: string): number | undefined {
  return parseWith(sizeUnits, text);
}

/** The shortest way to write it that is exact, e.g. `90_000` → "90s". */
export function formatDuration(durationMs: number): string {
  return formatWith(durationUnits, durationMs);
}

/** The shortest way to write it that is exact, e.g. `65_536` → "64KiB". */
export function formatSize(bytes: number): string {
  return formatWith(sizeUnits, bytes);
}

type Units = Readonly<Record<string, number>>;

function parseWith(units: Units, text: string): number | undefined {
  const [, whole, fraction, unit] = /^(\d{1,12})(?:\.(\d{1,6}))?\s?([A-Za-z]+)$/.exec(text) ?? [];
  if (unit === undefined || !Object.hasOwn(units, unit)) return undefined;
  // In whole millionths: 0.1 s must not miss its 100 ms by a rounding of binary fractions.
  const millionths = Number((fraction ?? "").padEnd(6, "0")) * units[unit]!;
  const value = Number(whole) * units[unit]! + millionths / 1e6;
  return Number.isSafeInteger(value) ? value : undefined;
}

function formatWith(units: Units, value: number): string {
  const fitting = Object.entries(units).filter(([, size]) => value % size === 0);
  const [unit, size] = (value === 0 ? fitting[0] : fitting.at(-1)) ?? ["", 1];
  return `${value / size}${unit}`;
}
