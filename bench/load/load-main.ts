/** Entry of the load generator: a process of its own, so that its CPU is not the engine's. */
import { serveParent } from "../support/child-side.js";
import { AudioStore } from "./audio-store.js";
import { CallEar } from "./call-ear.js";
import { createCaller } from "./caller.js";
import { EchoLine } from "./echo-line.js";
import type { Line } from "./line.js";
import { ExamineeCall } from "./examinee-call.js";
import { ExamRooms } from "./exam-rooms.js";
import { LoadCall } from "./load-call.js";
import { LoadConnection } from "./load-connection.js";
import { LoadStats } from "./load-stats.js";
import { LoadTrunks } from "./load-trunks.js";
import { LoadWheel } from "./load-wheel.js";
import type { Dial, LineKind, LoadAsks, LoadEvent, LoadReport, LoadSetup } from "./messages.js";
import { NativeLine, type LineParts } from "./native-line.js";
import { TwilioLine } from "./twilio-line.js";

const stats = new LoadStats();
const trunks = new LoadTrunks();
const wheel = new LoadWheel(stats.late, () => trunks.flush());
/** All calls since `prepare`, also those that are over. */
const calls = new Map<string, LoadCall | ExamineeCall>();
const rooms = new ExamRooms();
const live = new Map<string, LiveCall>();
/** Of all calls since `prepare`. */
const ears = new Map<string, CallEar>();
type LiveCall = {
  readonly line: Line;
  readonly connection: Pick<LoadConnection, "blockedCount" | "resetBlocked" | "cut" | "close">;
};

let setup: { readonly options: LoadSetup; readonly store: AudioStore } | undefined;
let callCount = 0;
let allGone: (() => void) | undefined;

const paths: Readonly<Record<LineKind, { path: string; subprotocol?: string }>> = {
  native: { path: "/media/native/v1", subprotocol: "voxtree.v1" },
  echo: { path: "/media/native/v1", subprotocol: "voxtree.v1" },
  trunk: { path: "/media/native/v1", subprotocol: "voxtree.v1" },
  twilio: { path: "/media/twilio" },
};

const tell = serveParent<LoadAsks, LoadEvent>(
  {
    prepare(options) {
      setup = { options, store: new AudioStore(options.clips, options.line) };
      rooms.prepare(options.exercises ?? []);
      calls.clear();
      ears.clear();
      return undefined;
    },
    dial: (dial) => open(dial),
    begin() {
      stats.begin();
      for (const { connection } of live.values()) connection.resetBlocked();
      return undefined;
    },
    listen({ recorded }) {
      for (const [callId, ear] of ears) ear.begin(recorded.includes(callId));
      return undefined;
    },
    heard: () => [...ears].map(([callId, ear]) => ear.report(callId)),
    cut({ nth }) {
      const chosen = [...live].filter((_, index) => index % nth === 0);
      for (const [, { connection }] of chosen) connection.cut();
      return chosen.map(([callId]) => callId);
    },
    report,
    outcomes: () => rooms.report(),
    said: () => new Map([...calls].map(([callId, call]) => [callId, call.said])),
    hangUp,
  },
  () => undefined,
);

function open(dial: Dial): undefined {
  if (setup === undefined) throw new Error("dial came before prepare");
  const { options, store } = setup;
  const callNumber = (callCount += 1);
  const call = callOf(options, { dial, store, callNumber });
  calls.set(dial.callId, call);
  const ear = new CallEar(call);
  ears.set(dial.callId, ear);
  if (options.line === "trunk") {
    const place = { ...placeOf(dial.url, "trunk"), store };
    const { line, connection } = trunks.open(dial, { place, events: ear, ...seatOf(call, dial) });
    call.setLine(line);
    live.set(dial.callId, { connection, line });
    line.open();
    return undefined;
  }
  const connection = connectionOf(dial, options, call);
  const line = lineOf(options.line, { wire: connection, store, dial, events: ear });
  call.setLine(line);
  live.set(dial.callId, { connection, line });
  connection.begin(line);
  return undefined;
}

function placeOf(url: string, line: LineKind) {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port), ...paths[line] };
}

function callOf(
  { caller, triggerFrames = 0 }: LoadSetup,
  { dial, store, callNumber }: { dial: Dial; store: AudioStore; callNumber: number },
): LoadCall | ExamineeCall {
  const { clips } = store;
  if (caller === "examinee") {
    return new ExamineeCall(stats, rooms.enter(dial.to ?? ""), { clips, room: dial.to ?? "" });
  }
  return new LoadCall(stats, createCaller(caller, { clips, callNumber, triggerFrames }));
}

/** What becomes of a call when its connection is open, and when it is over. */
function seatOf(call: LoadCall | ExamineeCall, { callId }: Dial) {
  let slot = -1;
  return {
    opened(): void {
      slot = wheel.add(call);
      tell({ kind: "opened", callId });
    },
    closed(reason: string): void {
      if (slot >= 0) wheel.remove(slot, call);
      stats.blockedFrames += live.get(callId)?.connection.blockedCount ?? 0;
      live.delete(callId);
      tell({ kind: "closed", callId, reason });
      if (live.size === 0) allGone?.();
    },
  };
}

function connectionOf(
  dial: Dial,
  { line, isResuming = true }: LoadSetup,
  call: LoadCall | ExamineeCall,
): LoadConnection {
  return new LoadConnection({ ...placeOf(dial.url, line), isResuming, ...seatOf(call, dial) });
}

function lineOf(kind: LineKind, parts: LineParts): Line {
  if (kind === "echo") return new EchoLine(parts);
  return kind === "native" ? new NativeLine(parts) : new TwilioLine(parts);
}

function report(): LoadReport {
  const result = stats.report();
  const waiting = [...live.values()].reduce(
    (sum, { connection }) => sum + connection.blockedCount,
    0,
  );
  return { ...result, blockedFrames: result.blockedFrames + waiting };
}

async function hangUp(): Promise<undefined> {
  if (live.size === 0) return undefined;
  const gone = new Promise<void>((resolve) => (allGone = resolve));
  for (const { connection, line } of live.values()) {
    line.hangUp();
    connection.close();
  }
  await gone;
  allGone = undefined;
  trunks.close();
  return undefined;
}
