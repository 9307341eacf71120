/**
 * Call: one conversation and its actors. It waits for the media stream, starts the cast, restarts
 * who fails, and reports exactly one outcome when all is over.
 *
 * Who ends whom: the Dialog ends → the leg is closed → the recording is finished → `ended` is
 * reported → the Call stops, and with it whoever is left.
 */
import { assertNever } from "../../base/assert.js";
import type { ErrorData } from "../../base/errors.js";
import type { DialogSnapshot } from "../../dialog/dialog-types.js";
import type { ActorRef, Behavior, Context, Message } from "../kernel/index.js";
import type {
  CallMemory,
  CallSpec,
  CastPorts,
  Leg,
  LegAdoption,
  RecordingAnchor,
} from "./cast-ports.js";
import { dialog } from "./dialog.js";
import type { EarlierDialog } from "./dialog-state.js";
import { mediaLeg } from "./media-leg.js";
import type { CallDirectory, CallMessage, ChildRole } from "./messages.js";
import { recognizer } from "./recognizer.js";
import { recorder } from "./recorder.js";
import { addRestart, type RestartIntensity } from "../kernel/index.js";
import { synthesizer } from "./synthesizer.js";

/** Restarts of all actors of a call together, beyond which the call itself is given up. */
const intensity: RestartIntensity = { restartsMax: 5, periodMs: 10_000 };
/** A gateway that does not confirm the hang-up, or a store that does not answer, is left behind. */
const closeMsMax = 3000;
/** Kinds of trouble that one call reports. */
const troublesMax = 20;

type State = {
  readonly directory: CallDirectory;
  leg: Leg | undefined;
  answeredAtMs: number;
  startedEpochMs: number;
  snapshot: DialogSnapshot | undefined;
  lastUtterance: number;
  recordingAnchor: RecordingAnchor | undefined;
  /** What the gateway said when it handed the leg over; undefined on a call's first shard. */
  adoption: LegAdoption | undefined;
  /** Lives of MediaLegs so far, in all shards: keeps turn ids apart. */
  legLives: number;
  restartsMs: number[];
  /** Kinds of trouble reported so far: one line each is enough. */
  readonly troubles: Set<string>;
  /** Set once: what `ended` will report. */
  outcome: string | undefined;
  isLegClosed: boolean;
  isReported: boolean;
  recordedMs: number;
};

/** @param options.directory empty; the Call fills it, and its owner may read it */
export function call(options: {
  readonly ports: CastPorts;
  readonly spec: CallSpec;
  readonly directory: CallDirectory;
  /** What the ledger kept of this call when its shard was lost. */
  readonly memory?: CallMemory;
  /** 1 on the call's first shard, one more on each that takes it over. Default 1. */
  readonly incarnation?: number;
}): Behavior<State, CallMessage> {
  const { directory, memory, incarnation = 1 } = options;
  return {
    start(ctx) {
      directory.call = ctx.self;
      ctx.after(options.spec.answerMsMax, { kind: "answerOverdue" });
      return {
        directory,
        leg: undefined,
        answeredAtMs: memory?.answeredAtMs ?? 0,
        startedEpochMs: memory?.startedEpochMs ?? 0,
        snapshot: memory?.snapshot,
        lastUtterance: memory?.lastUtterance ?? 0,
        recordingAnchor: memory?.recordingAnchor,
        adoption: undefined,
        legLives: incarnation * 1000,
        restartsMs: [],
        troubles: new Set(),
        outcome: undefined,
        isLegClosed: false,
        isReported: false,
        recordedMs: 0,
      };
    },
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    // Ended from above, or by its own failure: the outcome is reported all the same.
    stopped: (state) => report(options, state),
    laneOf: (message) => (message.kind === "keypad" ? "intents" : "system"),
  };
}

type Options = { readonly ports: CastPorts; readonly spec: CallSpec };

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
    case "keypad":
      return void state.directory.dialog?.tell(message);
    case "playback":
      return void state.directory.mediaLeg?.tell(message.notice);
    case "credit":
      return void state.directory.mediaLeg?.tell(message);
    case "snapshot":
      state.snapshot = message.snapshot;
      state.lastUtterance = message.lastUtterance;
      return remember(options, state);
    case "recordingBegan":
      state.recordingAnchor = message.anchor;
      return remember(options, state);
    case "dialogEnded":
      return close(options, state, message.outcome, ctx);
    case "recorded":
      state.recordedMs = message.recordedMs;
      return finish(options, state, ctx);
    case "trouble":
      return reportTrouble(options, state, message);
    case "hangup":
      return close(options, state, message.outcome, ctx);
    case "childDown":
      return childDown(options, state, message.role, message.error, ctx);
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

function legOpened(
  options: Options,
  state: State,
  { leg, adoption }: Extract<CallMessage, { kind: "legOpened" }>,
  ctx: Context<CallMessage>,
): void {
  const { ports, spec } = options;
  if (state.outcome !== undefined || state.leg !== undefined) {
    return ports.media.hangup(leg.slot, "the call is not waiting for media");
  }
  state.leg = leg;
  state.adoption = adoption;
  // Also where the first shard was lost before it could note the answer.
  if (state.startedEpochMs === 0) answer(options, state, leg, ctx);
  const livedMs = ctx.time.nowMs() - state.answeredAtMs;
  ctx.after(Math.max(0, spec.durationMsMax - livedMs), { kind: "durationOver" });
  const roles: ChildRole[] = ["recognizer", "synthesizer", "mediaLeg", "dialog"];
  if (spec.isRecorded) roles.unshift("recorder");
  for (const role of roles) startChild(options, state, role, ctx);
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
  const { answeredAtMs, startedEpochMs, snapshot, lastUtterance, recordingAnchor } = state;
  ports.remember(spec.callId, {
    answeredAtMs,
    startedEpochMs,
    lastUtterance,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(recordingAnchor === undefined ? {} : { recordingAnchor }),
  });
}

/** Where the next life of the Dialog begins: at the start, or where the last one stood. */
function earlierDialog(state: State): EarlierDialog | undefined {
  const { snapshot, lastUtterance, adoption } = state;
  if (snapshot === undefined) return undefined;
  // A restart on the same shard has silenced everything: what the state says is said again.
  if (adoption === undefined) return { snapshot, lastUtterance, playing: [], isRepeated: true };
  const isUnheard = adoption.isStreamCut || adoption.lastUtterance < lastUtterance;
  return {
    snapshot,
    lastUtterance: Math.max(lastUtterance, adoption.lastUtterance),
    playing: adoption.playing,
    isRepeated: isUnheard,
  };
}

/** Starts one of the cast and writes it into the directory. */
function startChild(
  options: Options,
  state: State,
  role: ChildRole,
  ctx: Context<CallMessage>,
): void {
  const { directory, answeredAtMs } = state;
  const { ports, spec } = options;
  const leg = state.leg!;
  const watched = <M extends Message>(ref: ActorRef<M>): ActorRef<M> => {
    ctx.watch(ref, ({ reason }) => {
      const error = reason.kind === "failed" ? reason.error : undefined;
      return { kind: "childDown", role, error };
    });
    return ref;
  };
  switch (role) {
    case "recorder": {
      const { startedEpochMs, recordingAnchor: anchor } = state;
      const made = { ports, directory, spec, leg, startedEpochMs, anchor };
      return void (directory.recorder = watched(ctx.spawn(role, recorder(made))));
    }
    case "recognizer": {
      const language = ports.flow(spec.flowId).language;
      const rateHz = leg.format.rateHz === 8000 ? 8000 : 16000;
      const made = recognizer({ ports, directory, language, rateHz });
      directory.recognizer = watched(ctx.spawn(role, made));
      return;
    }
    case "synthesizer":
      directory.synthesizer = watched(ctx.spawn(role, synthesizer({ ports, directory })));
      return;
    case "mediaLeg": {
      const playing = state.adoption?.playing ?? [];
      const firstTurnId = (state.legLives += 1) * 1000;
      const made = mediaLeg({ leg, ports, directory, playing, firstTurnId });
      return void (directory.mediaLeg = watched(ctx.spawn(role, made)));
    }
    case "dialog": {
      const earlier = earlierDialog(state);
      const made = dialog({ ports, directory, spec, earlier, answeredAtMs });
      directory.dialog = watched(ctx.spawn(role, made));
      directory.dialog.tell({ kind: "begin", leg });
      return;
    }
    default:
      return assertNever(role);
  }
}

function reportTrouble(
  { ports, spec }: Options,
  { troubles }: State,
  { actor, error }: Extract<CallMessage, { kind: "trouble" }>,
): void {
  const name = `${actor} ${error.code}`;
  if (troubles.has(name) || troubles.size >= troublesMax) return;
  troubles.add(name);
  ports.report(spec.callId, { kind: "trouble", actor, error });
}

/** A child has ended: on purpose, or it failed and is started again. */
function childDown(
  options: Options,
  state: State,
  role: ChildRole,
  error: ErrorData | undefined,
  ctx: Context<CallMessage>,
): void {
  if (error === undefined || state.outcome !== undefined) return;
  options.ports.report(options.spec.callId, { kind: "restarted", actor: role, error });
  const restartsMs = addRestart(state.restartsMs, ctx.time.nowMs(), intensity);
  if (restartsMs === undefined) return close(options, state, "failed", ctx);
  state.restartsMs = restartsMs;
  state.adoption = undefined;
  // What the failed life was playing is unknown to the next: it begins with silence.
  const { directory, lastUtterance: utterance } = state;
  if (role === "mediaLeg" || role === "dialog") {
    options.ports.media.clear(state.leg!.slot, utterance);
  }
  if (role === "dialog") {
    // The hang-up went down with it: nobody is there to go on for.
    if (state.isLegClosed) return close(options, state, "hangup", ctx);
    // Also what it said last and the MediaLeg has not come to yet.
    directory.mediaLeg?.tell({ kind: "clear", utterance });
  }
  startChild(options, state, role, ctx);
  if (role === "dialog" || role === "recorder") return;
  directory.dialog?.tell({ kind: "castRestarted", role });
}

function legClosed(options: Options, state: State, ctx: Context<CallMessage>): void {
  state.isLegClosed = true;
  if (state.outcome !== undefined) return settle(options, state, ctx);
  // The other side hung up: the flow has the last word on the outcome.
  if (state.directory.dialog?.tell({ kind: "hangup" }) !== "delivered") {
    close(options, state, "hangup", ctx);
  }
}

/** Begins the end, once: the leg is closed and the recording finished. */
function close(options: Options, state: State, outcome: string, ctx: Context<CallMessage>): void {
  if (state.outcome !== undefined) return;
  state.outcome = outcome;
  ctx.after(closeMsMax, { kind: "closeOverdue" });
  if (state.leg !== undefined && !state.isLegClosed) {
    options.ports.media.hangup(state.leg.slot, outcome);
  } else settle(options, state, ctx);
}

/** The leg is gone: finish the recording, if there is one. */
function settle(options: Options, state: State, ctx: Context<CallMessage>): void {
  if (state.directory.recorder?.tell({ kind: "finish" }) !== "delivered") {
    finish(options, state, ctx);
  }
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
