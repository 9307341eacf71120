/** Time from the globals that browsers and Node share. */
import type { ClientTime } from "./media-client.js";

/** Real time, for clients that are given no other. */
export const browserTime: ClientTime = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};
