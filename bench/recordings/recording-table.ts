/** The measures of recordings as a table for a person. Pure. */
import type { RecordingMeasures } from "./wav-measure.js";

/** One recording, with what else is known of its call. */
export type RecordingRow = {
  readonly name: string;
  readonly measures: RecordingMeasures;
  /** The callee's own measure of its interruption: from its onset to the end of what it heard. */
  readonly reportedSilenceMs?: number | undefined;
  /** Prompts that a recogniser understood, of those there are. */
  readonly understood?: { readonly count: number; readonly of: number };
};

const columns = [
  "recording",
  "length s",
  "callee s",
  "agent s",
  "overlap ms",
  "onset→silence ms, WAV",
  "by the callee",
  "prompts understood",
] as const;

/** A table with a line for each recording; what is not known is a dash. */
export function formatRecordings(rows: readonly RecordingRow[]): string {
  const lines = [columns.map(String), ...rows.map(cellsOf)];
  const widths = columns.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]!.length)),
  );
  return lines
    .map((cells) =>
      cells
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join("  "),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

function cellsOf({ name, measures, reportedSilenceMs, understood }: RecordingRow): string[] {
  const { durationMs, calleeSpeechMs, agentSpeechMs, overlapMs, overlaps } = measures;
  const gaveWay = overlaps.filter(({ by }) => by === "callee");
  return [
    name,
    seconds(durationMs),
    seconds(calleeSpeechMs),
    seconds(agentSpeechMs),
    overlapMs.toFixed(0),
    gaveWay.map(({ onsetToSilenceMs }) => onsetToSilenceMs.toFixed(0)).join(", ") || "–",
    reportedSilenceMs?.toFixed(0) ?? "–",
    understood === undefined ? "–" : `${understood.count} of ${understood.of}`,
  ];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
