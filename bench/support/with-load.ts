/** A generator for the time of a bench. */
import { LoadProcess } from "../load/load-process.js";

export async function withLoad<Result>(
  use: (load: LoadProcess) => Promise<Result>,
): Promise<Result> {
  const load = new LoadProcess();
  try {
    return await use(load);
  } finally {
    await load.stop();
  }
}
