/**
 * Is this frame one steady tone, and which? A sinusoid obeys x[n] + x[n-2] = 2·cos(ω)·x[n-1]: the
 * best ω is found by least squares, and the Goertzel algorithm says how much of the frame's power
 * is there. Speech has its power in many places, and moves.
 *
 * @see Goertzel, "An algorithm for the evaluation of finite trigonometric series", 1958
 */
/** Part of the power that must be in the one tone. */
const purityMin = 0.75;
/** About -45 dB of full scale: below it a tone is noise of the line. */
const powerMin = 180 ** 2;
/** Below it are hum and voices, above it nothing that telephones carry. */
const hzMin = 350;
const hzMax = 3200;

/** @returns its frequency in Hz; 0 when the frame is no tone */
export function pureToneHz(frame: Int16Array, rateHz: number): number {
  let [cross, square, power] = [0, 0, 0];
  for (let at = 1; at < frame.length - 1; at += 1) {
    const middle = frame[at]!;
    cross += middle * (frame[at - 1]! + frame[at + 1]!);
    square += middle * middle;
  }
  for (let at = 0; at < frame.length; at += 1) power += frame[at]! * frame[at]!;
  if (power < powerMin * frame.length || square === 0) return 0;
  const cosine = cross / (2 * square);
  if (cosine <= -1 || cosine >= 1) return 0;
  const hz = (Math.acos(cosine) * rateHz) / (2 * Math.PI);
  if (hz < hzMin || hz > hzMax) return 0;
  return goertzelPower(frame, cosine) >= purityMin * power ? hz : 0;
}

/** Power of the frame at one frequency, by its cosine; that of a pure tone is all of it. */
function goertzelPower(frame: Int16Array, cosine: number): number {
  let [one, two] = [0, 0];
  for (let at = 0; at < frame.length; at += 1) {
    const zero = frame[at]! + 2 * cosine * one - two;
    two = one;
    one = zero;
  }
  return (2 * (one * one + two * two - 2 * cosine * one * two)) / frame.length;
}
