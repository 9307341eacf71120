/** A recogniser that dies: the process is gone at once, and soon there is another one. */
import { nodeRng, nodeTime } from "../../base/node-ports.js";
import { startMockVendor, type MockVendor } from "../../speech/asr/testing/mock-vendor.js";

/** Between two deaths, from the moment the recogniser is back. */
const peaceMs = { min: 50, max: 400 };
const pollMs = 20;
const time = nodeTime();
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => time.after(ms, () => resolve()));

/** Kills the recogniser and starts it again at the same port; gives back the last one. */
export async function killAgain(
  first: MockVendor,
  deaths: number,
  died: () => void,
  /** Death n waits for it; left out: none waits. */
  isTime: (count: number) => boolean = () => true,
): Promise<MockVendor> {
  let mock = first;
  for (let count = 0; count < deaths; count += 1) {
    while (!isTime(count)) await pause(pollMs);
    const waitMs = peaceMs.min + nodeRng.next() * (peaceMs.max - peaceMs.min);
    await pause(waitMs);
    await mock.kill();
    died();
    mock = await startMockVendor({ vendor: "websocket-json", port: mock.port });
  }
  return mock;
}
