/**
 * `node dist/bench/recordings/measure-recordings.js DIR`: measures every WAV file of a folder, such
 * as the one that `voxtree demo --out DIR` fills, and prints who spoke how long, where both did,
 * and how soon we fell silent.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toErrorData } from "../../base/errors.js";
import { formatRecordings } from "./recording-table.js";
import { measureRecording } from "./wav-measure.js";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("measure-recordings DIR: name a folder with recordings (WAV)\n");
  process.exit(2);
}
try {
  const names = readdirSync(folder).filter((name) => name.endsWith(".wav"));
  const rows = names.sort().map((name) => {
    try {
      return { name, measures: measureRecording(readFileSync(join(folder, name))) };
    } catch (cause) {
      throw new Error(`${name}: ${toErrorData(cause).message}`, { cause });
    }
  });
  if (rows.length === 0) throw new Error(`no WAV file in ${folder}`);
  process.stdout.write(formatRecordings(rows));
} catch (error) {
  process.stderr.write(`${toErrorData(error).message}\n`);
  process.exitCode = 1;
}
