/**
 * Call: one conversation. It waits for the media stream, supervises the cast (`cast-specs.ts`), and
 * reports exactly one outcome when all is over.
 *
 * Who ends whom: the Dialog ends, or the Call is told to → the leg is asked to close, and the cast
 * ends, its Recorder last → both are gone → `ended` is reported → the Call stops.
 */
import { assertNever } from "../../base/assert.js";
import { EngineError, toErrorData, type ErrorData } from "../../base/errors.js";
import type { DialogSnapshot } from "../../dialog/dialog-types.js";
import {
  Supervision,
  type Behavior,
  type Context,
  type ExitReason,
  type RestartIntensity,
  type RestartNotice,
} from "../kernel/index.js";
import type {
  CallMemory,
  CallSpec,
  CastPorts,
  Leg,
  LegAdoption,
  RecordingAnchor,
} from "./cast-ports.js";
import { castSpecs, recordingMsMax } from "./cast-specs.js";
import type { EarlierDialog } from "./dialog-state.js";
import type { CallDirectory, CallMessage } from "./messages.js";

/** Restarts of all actors of a call together, beyond which the call itself is given up. */
const intensity: RestartIntensity = { restartsMax: 5, periodMs: 10_000 };
/** A gateway that does not confirm the hang-up, or a store that does not answer, is left behind. */
const closeMsMax = recordingMsMax;
/** What a call that is told to end from above may take. */
export const callShutdownMs = closeMsMax + 1000;
/** Kinds of trouble that one call reports. */
const troublesMax = 20;

type State = {
  readonly directory: CallDirectory;
  readonly cast: Supervision<CallMessage>;
  leg: Leg | undefined;
  answeredAtMs: number;
  startedEpochMs: number;
  snapshot: DialogSnapshot | undefined;
  lastUtterance: number;
  lastKey: number;
  recordingAnchor: RecordingAnchor | undefined;
  /** What the gateway said when it handed the leg over; undefined on a call's first shard. */
  adoption: LegAdoption | undefined;
  /** Kinds of trouble reported so far: one line each is enough. */
  readonly troubles: Set<string>;
  /** Set once: what `ended` will report. */
  outcome: string | undefined;
  isLegClosed: boolean;
  /** Its connection is lost: those who begin a new life must know. */
  isLegAway: boolean;
  /** The newest that was heard of: older ones are void. */
  connectionChange: number;
  /** Its gateway is lost: its client may come back by another one. */
  isLegLost: boolean;
  isCastGone: boolean;
  isReported: boolean;
  recordedMs: number;
};

type Options = {
  readonly ports: CastPorts;
  readonly spec: CallSpec;
  readonly directory: CallDirectory;
  /** What the ledger kept of this call when its shard was lost. */
  readonly memory?: CallMemory;
  /** 1 on the call's first shard, one more on each that takes it over. Default 1. */
  readonly incarnation?: number;
};

/** @param options.directory empty; the Call fills it, and its owner may read it */
export function call(options: Options): Behavior<State, CallMessage> {
  return {
    start: (ctx) => start(options, ctx),
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    stopping: (state, _reason, ctx) => close(options, state, "failed", ctx),
    // Killed, or ended by its own failure: the outcome is reported all the same.
    stopped: (state) => report(options, state),
    laneOf: (message) => (message.kind === "keypad" ? "intents" : "system"),
    shutdownMs: callShutdownMs,
  };
}

function start(options: Options, ctx: Context<CallMessage>): State {
  const { directory, memory } = options;
  directory.call = ctx.self;
  ctx.after(options.spec.answerMsMax, { kind: "answerOverdue" });
  const rules = {
    intensity,
    // Dialog and MediaLeg are significant: without one of them the call is over.
    autoShutdown: "any",
    toMessage: (down: CallMessage) => down,
    onRestart: (notice: RestartNotice) => restarting(options, state, notice, ctx),
    onEnding: (exit: ExitReason) => castEnds(options, state, exit, ctx),
    onEnded: () => {
      state.isCastGone = true;
      finishWhenGone(options, state, ctx);
    },
  } as const;
  const state: State = {
    directory,
    cast: new Supervision(rules, ctx),
    leg: undefined,
    answeredAtMs: memory?.answeredAtMs ?? 0,
    startedEpochMs: memory?.startedEpochMs ?? 0,
    snapshot: memory?.snapshot,
    lastUtterance: memory?.lastUtterance ?? 0,
    lastKey: memory?.lastKey ?? 0,
    recordingAnchor: memory?.recordingAnchor,
    adoption: undefined,
    troubles: new Set(),
    outcome: undefined,
    isLegClosed: false,
    isLegAway: false,
    connectionChange: 0,
    isLegLost: false,
    isCastGone: false,
    isReported: false,
    recordedMs: 0,
  };
  return state;
}

function receive(
  options: Options,
  state: State,
  message: CallMessage,
  ctx: Context<CallMessage>,
): void {
  switch (message.kind) {
    case "legOpened":
      return legOpened(options, state, message, ctx);
    case "legClosed":
      return legClosed(options, state, ctx);
    case "legAway":
    case "legBack":
      if (message.change <= state.connectionChange) return;
      state.connectionChange = message.change;
      return connectionChanged(state, message);
    case "legLost":
      return legLost(options, state, message.atMs, ctx);
    case "keypad":
      return void state.directory.dialog?.tell(message);
    case "playback":
      return void state.directory.mediaLeg?.tell(message.notice);
    case "credit":
      return void state.directory.mediaLeg?.tell(message);
    case "recordingBegan":
      state.recordingAnchor = message.anchor;
      return remember(options, state);
    case "dialogEnded":
      return close(options, state, message.outcome, ctx);
    case "recorded":
      state.recordedMs = message.recordedMs;
      return;
    case "trouble":
      return reportTrouble(options, state, message);
    case "hangup":
      return close(options, state, message.outcome, ctx);
    case "childDown":
      return state.cast.receive(message);
    case "answerOverdue":
      if (state.leg === undefined) close(options, state, "no_answer", ctx);
      return;
    case "durationOver":
      return close(options, state, "too_long", ctx);
    case "closeOverdue":
      return finish(options, state, ctx);
    default:
      return assertNever(message);
  }
}

/** That nothing is heard for a while is nobody's silence: those who listen must know. */
function connectionChanged(
  state: State,
  message: { readonly kind: "legAway" } | { readonly kind: "legBack"; readonly atMs: number },
): void {
  state.isLegAway = message.kind === "legAway";
  state.directory.mediaLeg?.tell(message);
  state.directory.dialog?.tell(message);
}

/** The gateway is gone, and its words on what sounds with it; the client may come back. */
function legLost(options: Options, state: State, atMs: number, ctx: Context<CallMessage>): void {
  if (state.leg === undefined || state.isLegClosed) return;
  if (state.outcome !== undefined) return legClosed(options, state, ctx);
  state.isLegLost = true;
  connectionChanged(state, { kind: "legAway" });
  state.directory.recorder?.tell({ kind: "cutOff", atMs });
}

/** Its client came back by a gateway that knows nothing of it. */
function legReplaced(state: State, leg: Leg, { slot, openedAtMs: atMs }: Leg): void {
  const { directory } = state;
  state.isLegLost = state.isLegAway = false;
  // The next gateway counts anew; what the last one said has been read.
  state.connectionChange = 0;
  // One object for the whole cast: whoever says something to the gateway uses the new number.
  leg.slot = slot;
  // A new gateway counts keys anew.
  state.lastKey = 0;
  directory.recorder?.tell({ kind: "cutOff", atMs });
  directory.mediaLeg?.tell({ kind: "legReplaced", atMs });
  directory.dialog?.tell({ kind: "legReplaced" });
}

/** What a call from another process begins with: nobody knows what was heard of it. */
function newLegOf({ memory }: Options, state: State): LegAdoption | undefined {
  if (memory === undefined) return undefined;
  state.lastKey = 0;
  return { playing: [], lastUtterance: 0, isStreamCut: true };
}

function legOpened(
  options: Options,
  state: State,
  { leg, adoption }: Extract<CallMessage, { kind: "legOpened" }>,
  ctx: Context<CallMessage>,
): void {
  const { ports, spec } = options;
  const isSame = leg.frameBytes === (state.leg?.frameBytes ?? leg.frameBytes);
  const isExpected = state.leg === undefined || (state.isLegLost && isSame);
  if (state.outcome !== undefined || !isExpected) {
    return ports.media.hangup(leg.slot, "the call is not waiting for media");
  }
  if (state.leg !== undefined) return legReplaced(state, state.leg, leg);
  state.leg = leg;
  state.adoption = adoption ?? newLegOf(options, state);
  // Also where the first shard was lost before it could note the answer.
  if (state.startedEpochMs === 0) answer(options, state, leg, ctx);
  const livedMs = ctx.time.nowMs() - state.answeredAtMs;
  ctx.after(Math.max(0, spec.durationMsMax - livedMs), { kind: "durationOver" });
  startCast(options, state, leg);
  // Those it has taken already it knows by their numbers.
  for (const key of adoption?.keys ?? []) state.directory.dialog?.tell({ kind: "keypad", ...key });
}

/** Who does not start is restarted, as one who fails later. */
function startCast(options: Options, state: State, leg: Leg): void {
  const { ports, spec, directory, incarnation: callIncarnation = 1 } = options;
  const { answeredAtMs, startedEpochMs } = state;
  const specs = castSpecs({
    ports,
    spec,
    directory,
    leg,
    callIncarnation,
    answeredAtMs,
    startedEpochMs,
    earlierDialog: () => earlierDialog(state),
    keepStep: (step) => {
      Object.assign(state, step);
      remember(options, state);
    },
    playing: () => state.adoption?.playing ?? [],
    isAway: () => state.isLegAway,
    recordingAnchor: () => state.recordingAnchor,
  });
  for (const child of specs) state.cast.begin(child);
}

/** The first shard to have the leg notes when the call began. */
function answer(options: Options, state: State, leg: Leg, ctx: Context<CallMessage>): void {
  state.answeredAtMs = ctx.time.nowMs();
  state.startedEpochMs = ctx.time.epochMs();
  const format = `${leg.format.codec}/${leg.format.rateHz}`;
  const { protocol } = leg;
  options.ports.report(options.spec.callId, { kind: "answered", protocol, format });
  remember(options, state);
}

/** Keeps what another shard needs to go on. */
function remember({ ports, spec }: Options, state: State): void {
  const { answeredAtMs, startedEpochMs, lastUtterance, lastKey } = state;
  const { snapshot, recordingAnchor } = state;
  ports.remember(spec.callId, {
    answeredAtMs,
    startedEpochMs,
    lastUtterance,
    lastKey,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(recordingAnchor === undefined ? {} : { recordingAnchor }),
  });
}

/** Where the next life of the Dialog begins: at the start, or where the last one stood. */
function earlierDialog(state: State): EarlierDialog | undefined {
  const { snapshot, lastUtterance, lastKey, adoption } = state;
  if (snapshot === undefined) return undefined;
  // A restart on the same shard has silenced everything: what the state says is said again.
  if (adoption === undefined) {
    const nothing = { playing: [], isRepeated: true, isTakenOver: false };
    return { snapshot, lastUtterance, lastKey, ...nothing };
  }
  const isUnheard = adoption.isStreamCut || adoption.lastUtterance < lastUtterance;
  return {
    snapshot,
    lastUtterance: Math.max(lastUtterance, adoption.lastUtterance),
    lastKey,
    playing: adoption.playing,
    isRepeated: isUnheard,
    isTakenOver: true,
  };
}

function reportTrouble(
  { ports, spec }: Options,
  { troubles }: State,
  { actor, error }: { readonly actor: string; readonly error: ErrorData },
): void {
  const name = `${actor} ${error.code}`;
  if (troubles.has(name) || troubles.size >= troublesMax) return;
  troubles.add(name);
  ports.report(spec.callId, { kind: "trouble", actor, error });
}

/** One of the cast has failed: the others are made ready for its next life. */
function restarting(
  options: Options,
  state: State,
  { id, reason }: RestartNotice,
  ctx: Context<CallMessage>,
): void {
  const { ports, spec } = options;
  const killed = new EngineError("ACTOR_KILLED", `${id} ended as ${reason.kind}`);
  const error = reason.kind === "failed" ? reason.error : toErrorData(killed);
  ports.report(spec.callId, { kind: "restarted", actor: id, error });
  state.adoption = undefined;
  // What the failed life was playing is unknown to the next: it begins with silence.
  const { directory, lastUtterance: utterance } = state;
  if (id === "mediaLeg" || id === "dialog") ports.media.clear(state.leg!.slot, utterance);
  if (id !== "dialog") return;
  // The hang-up went down with it: nobody is there to go on for.
  if (state.isLegClosed) return close(options, state, "hangup", ctx);
  // Also what it said last and the MediaLeg has not come to yet.
  directory.mediaLeg?.tell({ kind: "clear", utterance });
}

/** The cast begins to end: because the call does, or because it fails too often. */
function castEnds(
  options: Options,
  state: State,
  exit: ExitReason,
  ctx: Context<CallMessage>,
): void {
  if (exit.kind === "failed") reportTrouble(options, state, { actor: "call", error: exit.error });
  close(options, state, "failed", ctx);
}

function legClosed(options: Options, state: State, ctx: Context<CallMessage>): void {
  state.isLegClosed = true;
  if (state.outcome !== undefined) return finishWhenGone(options, state, ctx);
  // The other side hung up: the flow has the last word on the outcome.
  if (state.directory.dialog?.tell({ kind: "hangup" }) !== "delivered") {
    close(options, state, "hangup", ctx);
  }
}

/** Begins the end, once: the leg closes and the cast ends. */
function close(options: Options, state: State, outcome: string, ctx: Context<CallMessage>): void {
  if (state.outcome !== undefined) return;
  state.outcome = outcome;
  ctx.after(closeMsMax, { kind: "closeOverdue" });
  if (isLegOpen(state)) options.ports.media.hangup(state.leg!.slot, outcome);
  state.cast.end({ kind: "shutdown" });
}

function finishWhenGone(options: Options, state: State, ctx: Context<CallMessage>): void {
  if (state.isCastGone && !isLegOpen(state)) finish(options, state, ctx);
}

function isLegOpen({ leg, isLegClosed, isLegLost }: State): boolean {
  return leg !== undefined && !isLegClosed && !isLegLost;
}

function finish(options: Options, state: State, ctx: Context<CallMessage>): void {
  report(options, state);
  ctx.stop();
}

/** Reports the one outcome of the call, once. */
function report({ ports, spec }: Options, state: State): void {
  if (state.isReported) return;
  state.isReported = true;
  const durationMs = state.leg === undefined ? 0 : ports.time.nowMs() - state.answeredAtMs;
  const { outcome = "failed", recordedMs } = state;
  ports.report(spec.callId, { kind: "ended", outcome, durationMs, recordedMs });
}
