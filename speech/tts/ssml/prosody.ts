/**
 * The values of `prosody`, `break` and `emphasis` as numbers. An unsigned percentage is a
 * multiplier (SSML 1.1), a signed one a change; what does not read changes nothing. Pure.
 */

/** Multipliers; `gain` is of amplitudes. */
export type Manner = { readonly speed: number; readonly pitch: number; readonly gain: number };

export const plainManner: Manner = { speed: 1, pitch: 1, gain: 1 };

const rates: Readonly<Record<string, number>> = {
  "x-slow": 0.5,
  slow: 0.64,
  medium: 1,
  fast: 1.55,
  "x-fast": 2,
  default: 1,
};
const pitches: Readonly<Record<string, number>> = {
  "x-low": 0.55,
  low: 0.8,
  medium: 1,
  high: 1.2,
  "x-high": 1.45,
  default: 1,
};
/** In dB: full loudness is the default, as in Azure. */
const volumes: Readonly<Record<string, number>> = {
  silent: -Infinity,
  "x-soft": -14,
  soft: -8,
  medium: -4,
  loud: -2,
  "x-loud": 0,
  default: 0,
};
const breaksMs: Readonly<Record<string, number>> = {
  none: 0,
  "x-weak": 100,
  weak: 200,
  medium: 400,
  strong: 700,
  "x-strong": 1200,
};
const breakMsMax = 10_000;
const emphases: Readonly<Record<string, Partial<Manner>>> = {
  strong: { speed: 0.85, gain: 1.4 },
  moderate: { speed: 0.93, gain: 1.2 },
  reduced: { speed: 1.05, gain: 0.8 },
};

type Attributes = Readonly<Record<string, string>>;

/** `outer` with what a `prosody` element changes; its limits are those that voices have. */
export function withProsody(outer: Manner, { rate, pitch, volume }: Attributes): Manner {
  return {
    speed: clamp(outer.speed * multiplier(rate, rates), 0.5, 2),
    pitch: clamp(outer.pitch * pitchOf(pitch), 0.5, 2),
    gain: clamp(outer.gain * gainOf(volume), 0, 4),
  };
}

export function withEmphasis(outer: Manner, { level = "moderate" }: Attributes): Manner {
  const { speed = 1, gain = 1 } = emphases[level] ?? {};
  return { ...outer, speed: clamp(outer.speed * speed, 0.5, 2), gain: outer.gain * gain };
}

/** Milliseconds of a `break`; its time wins over its strength. */
export function breakMs({ time, strength = "medium" }: Attributes): number {
  const match = /^\s*(\d+(?:\.\d+)?)(ms|s)\s*$/.exec(time ?? "");
  const timeMs = match === null ? undefined : Number(match[1]) * (match[2] === "s" ? 1000 : 1);
  return Math.min(breakMsMax, timeMs ?? breaksMs[strength] ?? breaksMs["medium"]!);
}

function multiplier(value: string | undefined, labels: Readonly<Record<string, number>>): number {
  if (value === undefined) return 1;
  const label = labels[value.trim()];
  if (label !== undefined) return label;
  const match = /^([+-]?)(\d+(?:\.\d+)?)(%?)$/.exec(value.trim());
  if (match === null) return 1;
  const [, sign, digits, percent] = match;
  const number = Number(digits) / (percent === "%" ? 100 : 1);
  if (sign === "") return number === 0 ? 1 : number;
  // A signed number without a unit is none of the forms.
  if (percent === "") return 1;
  return sign === "+" ? 1 + number : Math.max(0.1, 1 - number);
}

function pitchOf(value: string | undefined): number {
  const semitones = /^([+-]\d+(?:\.\d+)?)st$/.exec(value?.trim() ?? "");
  if (semitones !== null) return 2 ** (Number(semitones[1]) / 12);
  // Hertz depend on the voice, which nobody knows here.
  return /Hz$/i.test(value ?? "") ? 1 : multiplier(value, pitches);
}

function gainOf(value: string | undefined): number {
  if (value === undefined) return 1;
  const given = value.trim();
  const label = volumes[given];
  if (label !== undefined) return 10 ** (label / 20);
  const change = /^([+-]\d+(?:\.\d+)?)dB$/i.exec(given);
  if (change !== null) return 10 ** (Number(change[1]) / 20);
  // SSML 1.0, and Azure: 0 to 100.
  return /^\d+(\.\d+)?$/.test(given) ? Math.min(100, Number(given)) / 100 : 1;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
