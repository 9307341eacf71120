/**
 * Recognizer: the audio of a turn in, its partial and final transcripts out. One stream of the
 * recogniser behind the port per stretch of speech; a turn that was reopened has several, and their
 * texts are joined.
 *
 * A restart, or a stream that is lost, costs the caller nothing as long as the turn's audio is
 * kept: a new stream gets it again.
 */
import { assertNever } from "../../base/assert.js";
import { KeptAudio } from "../../speech/asr/kept-audio.js";
import type { Grammar, RecognizerEvent, RecognizerStream } from "../../speech/asr/recognizer.js";
import type { Behavior, Context } from "../kernel/index.js";
import type { CastPorts } from "./cast-ports.js";
import type { CallDirectory, RecognizerMessage } from "./messages.js";

/** Audio of one stretch of speech kept for a second try: 15 s, the longest turn. */
const keptMsMax = 15_000;
/** New streams for one stretch after losses; by then nobody hears it any more. */
const retriesMax = 2;

/** Speech without the pause that ends a turn: one stream of the recogniser. */
type Stretch = {
  streamId: number;
  stream: RecognizerStream | undefined;
  readonly kept: KeptAudio;
  retries: number;
  isFinished: boolean;
  result: StretchResult | undefined;
};

type StretchResult = Pick<
  Extract<RecognizerEvent, { kind: "final" }>,
  "text" | "isRejected" | "waitedMs" | "confidence" | "language"
>;

type Turn = {
  readonly id: number;
  /** What the caller was asked, also when the turn is reopened after the next question. */
  readonly grammar: Grammar;
  readonly stretches: Stretch[];
  /** Nothing more is awaited of it, unless it is reopened. */
  isEnded: boolean;
  /** Its transcript is known, as far as it goes. */
  isReported: boolean;
};

type State = { grammar: Grammar; turn: Turn | undefined; lastStreamId: number };

type Options = {
  readonly ports: CastPorts;
  readonly directory: CallDirectory;
  readonly language: string;
  readonly rateHz: number;
};

export function recognizer(options: Options): Behavior<State, RecognizerMessage> {
  return {
    start: () => ({
      grammar: { language: options.language, phrases: [] },
      turn: undefined,
      lastStreamId: 0,
    }),
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    stopped: drop,
    laneOf(message) {
      if (message.kind === "heard") return "system";
      return message.kind === "expect" ? "intents" : "audio";
    },
    bytesOf: (message) => (message.kind === "audio" ? message.samples.byteLength : 0),
  };
}

function receive(
  options: Options,
  state: State,
  message: RecognizerMessage,
  ctx: Context<RecognizerMessage>,
): void {
  switch (message.kind) {
    case "expect":
      state.grammar = message.grammar;
      return;
    case "audio":
      return write(options, state, message, ctx);
    case "turnEnded":
      return endTurn(options, state, message.turnId);
    case "stretchEnded":
      return endStretch(options, state, message.turnId);
    case "turnCancelled":
      if (state.turn?.id === message.turnId) drop(state);
      return;
    case "heard":
      return hear(options, state, message, ctx);
    default:
      return assertNever(message);
  }
}

function write(
  options: Options,
  state: State,
  message: Extract<RecognizerMessage, { kind: "audio" }>,
  ctx: Context<RecognizerMessage>,
): void {
  const turn = turnFor(state, message.turnId);
  turn.isEnded = false;
  turn.isReported = false;
  let stretch = turn.stretches.at(-1);
  if (stretch === undefined || stretch.isFinished) {
    stretch = newStretch(options);
    turn.stretches.push(stretch);
  }
  stretch.kept.write(message.samples);
  if (stretch.stream !== undefined) stretch.stream.write(message.samples);
  else if (stretch.retries <= retriesMax) open(options, state, { turn, stretch }, ctx);
}

/** The turn of that number; a new one ends the old. */
function turnFor(state: State, id: number): Turn {
  if (state.turn?.id === id) return state.turn;
  drop(state);
  const { grammar } = state;
  return (state.turn = { id, grammar, stretches: [], isEnded: false, isReported: false });
}

function drop(state: State): void {
  for (const { stream, kept } of state.turn?.stretches ?? []) {
    stream?.cancel();
    kept.clear();
  }
  state.turn = undefined;
}

function newStretch({ rateHz }: Options): Stretch {
  return {
    streamId: 0,
    stream: undefined,
    kept: new KeptAudio({ rateHz, msMax: keptMsMax }),
    retries: 0,
    isFinished: false,
    result: undefined,
  };
}

/** Opens a stream and gives it all audio kept of the stretch. */
function open(
  options: Options,
  state: State,
  { turn, stretch }: { readonly turn: Turn; readonly stretch: Stretch },
  ctx: Context<RecognizerMessage>,
): void {
  const { ports, rateHz } = options;
  if (ports.recognizer === undefined) return;
  const streamId = (state.lastStreamId += 1);
  stretch.streamId = streamId;
  const stream = ports.recognizer.open({ grammar: turn.grammar, rateHz }, (event) => {
    ctx.self.tell({ kind: "heard", streamId, event });
  });
  stretch.stream = stream;
  stretch.kept.replay((samples) => stream.write(samples));
  if (stretch.isFinished) stream.finish();
}

function endTurn(options: Options, state: State, turnId: number): void {
  const turn = state.turn;
  if (turn?.id !== turnId || turn.isEnded) return;
  turn.isEnded = true;
  endStretch(options, state, turnId);
  report(options, turn);
}

function endStretch(options: Options, state: State, turnId: number): void {
  const turn = state.turn;
  const stretch = turn?.stretches.at(-1);
  if (turn?.id !== turnId || stretch === undefined || stretch.isFinished) return;
  stretch.isFinished = true;
  if (stretch.stream !== undefined) stretch.stream.finish();
  else settle(options, turn, stretch, { text: "", isRejected: true });
}

function hear(
  options: Options,
  state: State,
  { streamId, event }: { readonly streamId: number; readonly event: RecognizerEvent },
  ctx: Context<RecognizerMessage>,
): void {
  const turn = state.turn;
  const stretch = turn?.stretches.find((candidate) => candidate.streamId === streamId);
  // Of a stream that was given up.
  if (turn === undefined || stretch === undefined) return;
  switch (event.kind) {
    case "partial": {
      const text = textSoFar(turn, event.text);
      options.directory.mediaLeg?.tell({ kind: "partial", turnId: turn.id, text });
      options.directory.analysis?.tell({ kind: "partial", turnId: turn.id, text: event.text });
      return;
    }
    case "final":
      return settle(options, turn, stretch, event);
    case "failed":
      options.directory.call.tell({ kind: "trouble", actor: "recognizer", error: event.error });
      return retry(options, state, { turn, stretch }, ctx);
    default:
      return assertNever(event);
  }
}

/** Of the whole turn; "" when the newest part of it is no known words. An "um" is left out. */
function textSoFar(turn: Turn, partial: string): string {
  if (partial === "") return "";
  const before = turn.stretches.slice(0, -1).flatMap(({ result }) => result ?? []);
  const texts = before.filter(({ isRejected }) => !isRejected).map(({ text }) => text);
  return [...texts, partial].join(" ");
}

function retry(
  options: Options,
  state: State,
  place: { readonly turn: Turn; readonly stretch: Stretch },
  ctx: Context<RecognizerMessage>,
): void {
  const { turn, stretch } = place;
  stretch.stream = undefined;
  stretch.streamId = 0;
  stretch.retries += 1;
  if (stretch.retries <= retriesMax) open(options, state, place, ctx);
  else if (stretch.isFinished) settle(options, turn, stretch, { text: "", isRejected: true });
}

/** Notes what a stretch was. */
function settle(options: Options, turn: Turn, stretch: Stretch, result: StretchResult): void {
  stretch.stream = undefined;
  stretch.isFinished = true;
  stretch.kept.clear();
  stretch.result = result;
  report(options, turn);
}

/** Once all stretches of a turn that is over are known, it has its transcript. */
function report(options: Options, turn: Turn): void {
  const results = turn.stretches.flatMap((one) => one.result ?? []);
  if (!turn.isEnded || results.length < turn.stretches.length || turn.isReported) return;
  turn.isReported = true;
  const understood = results.filter((one) => !one.isRejected);
  const texts = (understood.length > 0 ? understood : results).map((one) => one.text);
  const final = {
    kind: "final",
    turnId: turn.id,
    text: texts.filter((text) => text !== "").join(" "),
    isRejected: understood.length === 0,
  } as const;
  // First: what an analyzer says at once is there when the flow steps.
  const { confidence, language, waitedMs = 0 } = results.at(-1) ?? {};
  options.directory.analysis?.tell(confidence === undefined ? final : { ...final, confidence });
  const atMs = options.ports.time.nowMs();
  options.directory.dialog?.tell({ ...final, language, waitedMs, atMs });
}
