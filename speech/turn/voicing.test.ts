import { expect, test } from "vitest";
import { isVoiced } from "./voicing.js";

function samples(rateHz: number, at: (seconds: number) => number): Int16Array {
  return Int16Array.from({ length: rateHz * 0.04 }, (_, index) => Math.round(at(index / rateHz)));
}
function vowel(pitchHz: number) {
  return (seconds: number): number =>
    [1, 2, 3, 4, 5, 6].reduce(
      (sum, harmonic) =>
        sum + (3000 / harmonic) * Math.sin(2 * Math.PI * pitchHz * harmonic * seconds),
      0,
    );
}
function chance() {
  let state = 7;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state / 0x7fff_ffff - 0.5) * 2;
  };
}

test.each([8000, 16_000])("a vowel has a pitch at %d Hz, also over noise", (rateHz) => {
  const noise = chance();
  for (const pitchHz of [85, 110, 160, 220, 330]) {
    const voice = vowel(pitchHz);
    expect(isVoiced(samples(rateHz, voice), rateHz)).toBe(true);
    expect(
      isVoiced(
        samples(rateHz, (at) => voice(at) + 1500 * noise()),
        rateHz,
      ),
    ).toBe(true);
  }
});

test.each([8000, 16_000])("breath and silence have none at %d Hz", (rateHz) => {
  const noise = chance();
  const found = Array.from({ length: 50 }, () =>
    isVoiced(
      samples(rateHz, () => 5000 * noise()),
      rateHz,
    ),
  );
  expect(found.filter(Boolean).length).toBeLessThan(5);
  expect(isVoiced(new Int16Array(rateHz * 0.04), rateHz)).toBe(false);
});
