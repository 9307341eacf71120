/**
 * Entry of a callee process: simulated people with real phones. The loopback trunk starts it and
 * talks to it over IPC; when that channel closes, the trunk is gone, and so is this process.
 */
import { nodeTime } from "../../base/node-ports.js";
import { CalleeDesk } from "./callee-desk.js";
import { loadCalleeParts } from "./callee-load.js";
import type { CalleeCommand, CalleeNotice } from "./callee-messages.js";

/** The channel may be closing while a call ends; then nobody is left to be told. */
function notify(notice: CalleeNotice): void {
  if (process.connected) process.send?.(notice, undefined, undefined, () => undefined);
}

const desk = new CalleeDesk({
  load: (settings) => loadCalleeParts(settings, nodeTime()),
  notify,
  stopped: () => process.disconnect(),
});
process.on("message", (command: CalleeCommand) => desk.take(command));
process.on("disconnect", () => process.exit(0));
// These reach the whole group; the trunk ends calls politely, and this process with them.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
