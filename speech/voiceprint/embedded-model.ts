/**
 * The embedded baseline: how the cepstra of a voice vary together. Two covariance matrices are
 * compared by their sphericity: were they the same, one times the inverse of the other would be a
 * sphere. It needs no training and no text, costs some milliseconds a second of speech, and does
 * not see the mean, which is mostly the line.
 *
 * A print is the pooled statistics: count, mean, and the lower half of the covariance.
 *
 * @see Bimbot, Magrin-Chagnolleau, Mathan 1995, "Second-order statistical measures for
 *   text-independent speaker identification": arithmetic-harmonic sphericity
 */
import { assert } from "../../base/assert.js";
import { cepstraCount as size, hopMs, voicedCepstra } from "./cepstra.js";
import { requireVoice, type VoiceModel, type VoicePrint } from "./voiceprint.js";

const covarianceCount = (size * (size + 1)) / 2;
const valueCount = size + covarianceCount;
/** Added to each variance: a matrix of little speech stays invertible. */
const ridge = 0.05;

/** Measured by `npm run bench -- voiceprint` on synthetic voices: people differ more. */
const acceptScore = -0.3;
const rejectScore = -0.55;
/** With less, the noise shapes the spectrum as much as the voice. */
const snrDbMin = 25;

export function embeddedVoiceModel(): VoiceModel {
  return {
    id: "embedded-1",
    acceptScore,
    rejectScore,
    // Synchronous work: it runs in a job thread.
    print: (samples, rateHz) => Promise.resolve().then(() => printOf(samples, rateHz)),
    combine,
    score: (one, other) => -sphericity(covarianceOf(one), covarianceOf(other)),
    close: () => undefined,
  };
}

function printOf(samples: Int16Array, rateHz: number): VoicePrint {
  const { rows, snrDb } = voicedCepstra(samples, rateHz);
  const voicedMs = rows.length * hopMs;
  requireVoice(voicedMs);
  return { values: statisticsOf(rows), voicedMs, isNoisy: snrDb < snrDbMin };
}

function statisticsOf(rows: readonly Float64Array[]): Float32Array {
  const mean = new Float64Array(size);
  for (const row of rows) row.forEach((value, at) => (mean[at]! += value / rows.length));
  const values = new Float32Array(valueCount);
  values.set(mean);
  let at = size;
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = 0;
      for (const row of rows) sum += (row[i]! - mean[i]!) * (row[j]! - mean[j]!);
      values[at] = sum / rows.length;
      at += 1;
    }
  }
  return values;
}

/** Pooled within its parts: what differs between them is the line, or the day. */
function combine(prints: readonly VoicePrint[]): VoicePrint {
  const voicedMs = prints.reduce((sum, print) => sum + print.voicedMs, 0);
  const values = new Float32Array(valueCount);
  for (const print of prints) {
    assert(print.values.length === valueCount, "prints of this model", { id: "embedded-1" });
    print.values.forEach((value, at) => (values[at]! += (value * print.voicedMs) / voicedMs));
  }
  return { values, voicedMs };
}

type Matrix = Float64Array[];

function covarianceOf({ values }: VoicePrint): Matrix {
  assert(values.length === valueCount, "a print of this model", { count: values.length });
  const matrix = Array.from({ length: size }, () => new Float64Array(size));
  let at = size;
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      matrix[i]![j] = matrix[j]![i] = values[at]! + (i === j ? ridge : 0);
      at += 1;
    }
  }
  return matrix;
}

/** 0 for equal matrices, growing with how they differ in shape; size alone does not count. */
function sphericity(one: Matrix, other: Matrix): number {
  const there = traceOfProduct(one, inverse(other));
  const back = traceOfProduct(other, inverse(one));
  return Math.log((there * back) / (size * size));
}

function traceOfProduct(one: Matrix, other: Matrix): number {
  let sum = 0;
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) sum += one[i]![j]! * other[j]![i]!;
  }
  return sum;
}

/** Gauss and Jordan, with the largest pivot. A covariance with its ridge has an inverse. */
function inverse(matrix: Matrix): Matrix {
  const left = matrix.map((row) => row.slice());
  const right = left.map((_, i) => Float64Array.from({ length: size }, (_v, j) => +(i === j)));
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < size; row += 1) {
      if (Math.abs(left[row]![column]!) > Math.abs(left[pivot]![column]!)) pivot = row;
    }
    for (const side of [left, right]) {
      [side[column], side[pivot]] = [side[pivot]!, side[column]!];
    }
    const scale = left[column]![column]!;
    for (const side of [left, right]) side[column] = side[column]!.map((value) => value / scale);
    for (let row = 0; row < size; row += 1) {
      const factor = left[row]![column]!;
      if (row === column || factor === 0) continue;
      for (const side of [left, right]) {
        const from = side[column]!;
        const into = side[row]!;
        for (let at = 0; at < size; at += 1) into[at]! -= factor * from[at]!;
      }
    }
  }
  return right;
}
