/**
 * Coughs and other sounds of people that are no words, made of noise and a little voice: a burst as
 * the throat opens, breath, and often a second cough. Pure; 8 kHz, peak below full scale.
 */
import type { Chance } from "./chance.js";

export const coughSounds = ["cough", "two coughs", "throat", "breath", "sniff", "door"] as const;
export type CoughSound = (typeof coughSounds)[number];

const rateHz = 8000;

/** A stretch of sound: noise through a resonance, with some voice in it. */
type Burst = {
  readonly durationMs: number;
  readonly attackMs: number;
  /** Centre and width of the noise. */
  readonly centreHz: number;
  readonly widthHz: number;
  /** 0: breath alone; 1: as much voice as breath. */
  readonly voice: number;
  readonly pitchHz: number;
  readonly level: number;
  readonly pauseMs: number;
};

function burstsOf(sound: CoughSound, chance: Chance): readonly Burst[] {
  const burst = (changes: Partial<Burst>): Burst => ({
    durationMs: 160 + chance.next() * 120,
    attackMs: 6,
    centreHz: 900 + chance.next() * 500,
    widthHz: 900,
    voice: 0.15,
    pitchHz: 110 + chance.next() * 60,
    level: 1,
    pauseMs: 0,
    ...changes,
  });
  switch (sound) {
    case "cough":
      return [burst({}), burst({ level: 0.35, durationMs: 120, voice: 0.5 })];
    case "two coughs":
      return [burst({ pauseMs: 140 + chance.next() * 160 }), burst({ level: 0.8 })];
    case "throat":
      return [
        burst({ voice: 0.9, pitchHz: 85, durationMs: 140, attackMs: 20, pauseMs: 60 }),
        burst({ voice: 0.9, pitchHz: 95, durationMs: 170, attackMs: 20 }),
      ];
    case "breath":
      return [burst({ durationMs: 500, attackMs: 150, centreHz: 1500, voice: 0, level: 0.3 })];
    case "sniff":
      return [burst({ durationMs: 220, attackMs: 60, centreHz: 2400, voice: 0, level: 0.4 })];
    case "door":
      return [burst({ durationMs: 110, attackMs: 2, centreHz: 250, widthHz: 300, voice: 0 })];
  }
}

/** One such sound; `chance` makes each of them another. */
export function coughOf(sound: CoughSound, chance: Chance): Int16Array {
  const parts = burstsOf(sound, chance).map((burst) => samplesOf(burst, chance));
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  const peak = whole.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  return Int16Array.from(whole, (value) => Math.round((value / peak) * 16_000));
}

function samplesOf(burst: Burst, chance: Chance): Float64Array {
  const { durationMs, attackMs, voice, pitchHz, level, pauseMs } = burst;
  const sounding = Math.round((durationMs * rateHz) / 1000);
  const samples = new Float64Array(sounding + Math.round((pauseMs * rateHz) / 1000));
  const resonance = resonator(burst);
  for (let at = 0; at < sounding; at += 1) {
    const atMs = (at * 1000) / rateHz;
    const rise = Math.min(1, atMs / attackMs);
    const fall = Math.exp((-3 * atMs) / durationMs);
    const noise = resonance(chance.next() * 2 - 1);
    // A pulse a period, through the same throat.
    const phase = (at * pitchHz) / rateHz;
    const pulse = voice * resonance(phase % 1 < pitchHz / rateHz ? 6 : 0);
    samples[at] = level * rise * fall * (noise + pulse);
  }
  return samples;
}

/** A two-pole resonance. */
function resonator({ centreHz, widthHz }: Burst): (input: number) => number {
  const radius = Math.exp((-Math.PI * widthHz) / rateHz);
  const turn = 2 * radius * Math.cos((2 * Math.PI * centreHz) / rateHz);
  let last = 0;
  let before = 0;
  return (input) => {
    const output = input + turn * last - radius * radius * before;
    before = last;
    last = output;
    return output;
  };
}
