/**
 * Where a blocked thread is: its stack, taken from outside. A thread in an endless loop answers no
 * message, but V8's debugger can stop it between two instructions. It is attached at that moment
 * only, and let go at once, so a thread that is not blocked never pays for it.
 *
 * @see Node.js `inspector`, domain NodeWorker; Chrome DevTools Protocol, domain Debugger
 */
import type { Session } from "node:inspector";
import { packageRoot } from "../../base/compiled-entry.js";
import type { Scheduler } from "../../base/ports.js";

/** Takes the stack of a thread, innermost first. */
export interface BlockedStack {
  /**
   * @param threadName as the thread was spawned
   * @returns undefined where it cannot be had: native code, no debugger, or another one in the way
   */
  take(threadName: string): Promise<readonly string[] | undefined>;
}

/**
 * A shard's stack takes 60 to 180 ms (its scripts are listed first), more on a busy machine. Native
 * code never stops; the watchdog ends the thread in 750 ms and does not wait for us.
 */
const takeMsMax = 700;
const framesMax = 20;

/** What we read of the debugger's messages. */
type FromWorker =
  | { readonly method: "Debugger.scriptParsed"; readonly params: Script }
  | { readonly method: "Debugger.paused"; readonly params: { callFrames: readonly CallFrame[] } }
  | { readonly method?: undefined };
type Script = { readonly scriptId: string; readonly url: string };
type CallFrame = {
  readonly functionName: string;
  readonly location: {
    readonly scriptId: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
};
type Attached = {
  readonly sessionId: string;
  /** Title: `[worker 3] shard-0`. */
  readonly workerInfo: { readonly title: string };
};

/** By the inspector of this process. One stack at a time: another blocked thread goes without. */
export function inspectorStack(scheduler: Scheduler): BlockedStack {
  let isTaking = false;
  return {
    async take(threadName) {
      if (isTaking) return undefined;
      isTaking = true;
      try {
        // Not every build of Node has one.
        const { Session: InspectorSession } = await import("node:inspector");
        return await takeBy(new InspectorSession(), threadName, scheduler);
      } catch {
        // It is a help for whoever reads the log: without it the thread is ended all the same.
        return undefined;
      } finally {
        isTaking = false;
      }
    },
  };
}

function takeBy(
  session: Session,
  threadName: string,
  scheduler: Scheduler,
): Promise<readonly string[] | undefined> {
  session.connect();
  return new Promise((resolve) => {
    const timer = scheduler.after(takeMsMax, () => settle(undefined));
    /** Frames name their scripts by number only. */
    const urls = new Map<string, string>();
    let sessionId: string | undefined;
    const send = (id: number, method: string): void => {
      const message = JSON.stringify({ id, method, params: {} });
      session.post("NodeWorker.sendMessageToWorker", { sessionId: sessionId!, message });
    };
    let isSettled = false;
    const settle = (stack: readonly string[] | undefined): void => {
      if (isSettled) return;
      isSettled = true;
      timer.cancel();
      // Detached, the thread goes on, also where it was not resumed.
      if (sessionId !== undefined) session.post("NodeWorker.detach", { sessionId });
      session.post("NodeWorker.disable");
      session.disconnect();
      resolve(stack);
    };
    session.on("NodeWorker.attachedToWorker", ({ params }) => {
      const { sessionId: id, workerInfo } = params as Attached;
      if (!workerInfo.title.endsWith(`] ${threadName}`)) return;
      sessionId = id;
      send(1, "Debugger.enable");
      send(2, "Debugger.pause");
    });
    session.on("NodeWorker.detachedFromWorker", ({ params }) => {
      // It has ended meanwhile.
      if (params.sessionId === sessionId) settle(undefined);
    });
    session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
      const event = JSON.parse(params.message) as FromWorker;
      if (event.method === "Debugger.scriptParsed") {
        urls.set(event.params.scriptId, event.params.url);
      } else if (event.method === "Debugger.paused") {
        send(3, "Debugger.resume");
        const frames = event.params.callFrames.slice(0, framesMax);
        settle(frames.map((frame) => lineOf(frame, urls)));
      }
    });
    session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  });
}

/** `spin (dist/dialog/flow.js:12:3)`; lines and columns from 1, as in an error's stack. */
function lineOf({ functionName, location }: CallFrame, urls: ReadonlyMap<string, string>): string {
  const { scriptId, lineNumber, columnNumber } = location;
  const url = urls.get(scriptId) ?? "";
  const file = url.startsWith(packageRoot.href) ? url.slice(packageRoot.href.length) : url;
  // A module given as data is all source.
  const place = file.startsWith("data:") ? "data:…" : file;
  return `${functionName || "(anonymous)"} (${place}:${lineNumber + 1}:${columnNumber + 1})`;
}
