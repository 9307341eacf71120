/**
 * The cast as data: who plays in a call, what brings them back, and what that means to the person
 * on the phone. Every life begins from a factory, with what the Call remembers at that moment.
 *
 * They start in this order, and end in the reverse one: the Recorder is last, so that it has heard
 * all. The Analysis is `temporary`: it may die alone.
 */
import { childSpec, type ChildSpec } from "../kernel/index.js";
import { analysis } from "./analysis.js";
import { heardLanguage } from "./answer-grammar.js";
import type { CallSpec, CastPorts, Leg, RecordingAnchor } from "./cast-ports.js";
import type { DialogOptions, EarlierDialog } from "./dialog-state.js";
import { dialog } from "./dialog.js";
import { mediaLeg } from "./media-leg.js";
import type { CallDirectory, ForgetfulRole } from "./messages.js";
import { recognizer } from "./recognizer.js";
import { recorder } from "./recorder.js";
import { synthesizer } from "./synthesizer.js";

/** What the cast has to begin with. Functions are asked anew for each life. */
export type CastScene = {
  readonly ports: CastPorts;
  readonly spec: CallSpec;
  readonly directory: CallDirectory;
  readonly leg: Leg;
  /** Shards that had this call, this one included. */
  readonly callIncarnation: number;
  readonly answeredAtMs: number;
  readonly startedEpochMs: number;
  /** Where the last Dialog stood; undefined before the first. */
  readonly earlierDialog: () => EarlierDialog | undefined;
  readonly keepStep: DialogOptions["keepStep"];
  /** Utterances of an earlier shard that still sound. */
  readonly playing: () => readonly number[];
  /** The leg's connection is lost at the moment. */
  readonly isAway: () => boolean;
  readonly recordingAnchor: () => RecordingAnchor | undefined;
};

/** Turn ids of one life lie together, apart from those of any other, on any shard. */
const turnsPerLife = 1000;
const livesPerShard = 1000;

/** A store that does not answer holds up the end of a call for no longer than this. */
export const recordingMsMax = 3000;

/** The others end when they are told to. */
const nothingToFinishMs = 500;

export function castSpecs(scene: CastScene): ChildSpec[] {
  const specs = [
    ...analysisSpec(scene),
    recognizerSpec(scene),
    synthesizerSpec(scene),
    mediaSpec(scene),
    dialogSpec(scene),
  ];
  return scene.spec.isRecorded ? [recorderSpec(scene), ...specs] : specs;
}

/** To the caller: nothing. The recording has a gap of silence, and goes on in its place. */
function recorderSpec(scene: CastScene): ChildSpec {
  const { ports, directory, spec, leg, startedEpochMs } = scene;
  return childSpec({
    id: "recorder",
    restart: "transient",
    // Asked to end, it stores what it has.
    shutdownMs: recordingMsMax,
    make: () => {
      const anchor = scene.recordingAnchor();
      return recorder({ ports, directory, spec, leg, startedEpochMs, anchor });
    },
    onStarted: (ref) => void (directory.recorder = ref),
    onEnded: () => void delete directory.recorder,
  });
}

/** To the caller: nothing. What a flow does on labels, it does no more in this call. */
function analysisSpec({ ports, directory, spec, leg, answeredAtMs }: CastScene): ChildSpec[] {
  const flow = ports.flow(spec.flowId);
  if (flow.analyzers.length === 0) return [];
  const child = childSpec({
    id: "analysis",
    restart: "temporary",
    shutdownMs: nothingToFinishMs,
    make: () => analysis({ ports, directory, spec, flow, leg, answeredAtMs }),
    onStarted: (ref) => void (directory.analysis = ref),
    onEnded(reason) {
      delete directory.analysis;
      if (reason.kind !== "failed") return;
      directory.call.tell({ kind: "trouble", actor: "analysis", error: reason.error });
    },
  });
  return [child];
}

/** To the caller: the words of the open turn before the restart are lost. */
function recognizerSpec(scene: CastScene): ChildSpec {
  const { ports, directory, spec, leg } = scene;
  return childSpec({
    id: "recognizer",
    restart: "transient",
    shutdownMs: nothingToFinishMs,
    make: () => {
      const language = heardLanguage(spec, ports.flow(spec.flowId));
      const rateHz = leg.format.rateHz === 8000 ? 8000 : 16000;
      return recognizer({ ports, directory, language, rateHz });
    },
    onStarted(ref) {
      directory.recognizer = ref;
      if (ref.incarnation > 1) tellDialog(directory, "recognizer");
    },
    onEnded: () => void delete directory.recognizer,
  });
}

/** To the caller: what was being streamed is said again; prompts play on. */
function synthesizerSpec(scene: CastScene): ChildSpec {
  const { ports, directory } = scene;
  return childSpec({
    id: "synthesizer",
    restart: "transient",
    shutdownMs: nothingToFinishMs,
    make: () => synthesizer({ ports, directory }),
    onStarted(ref) {
      directory.synthesizer = ref;
      if (ref.incarnation > 1) tellDialog(directory, "synthesizer");
    },
    onEnded: () => void delete directory.synthesizer,
  });
}

/**
 * To the caller: the open turn is lost, and what was playing is said again. Significant: without
 * ears and mouth there is no call.
 */
function mediaSpec(scene: CastScene): ChildSpec {
  const { ports, directory, leg, spec, callIncarnation } = scene;
  return childSpec({
    id: "mediaLeg",
    restart: "transient",
    isSignificant: true,
    shutdownMs: nothingToFinishMs,
    make: ({ incarnation }) => {
      const firstTurnId = (callIncarnation * livesPerShard + incarnation) * turnsPerLife;
      const playing = scene.playing();
      // Only of a call that begins is it asked who has answered.
      const isFirst = callIncarnation === 1 && incarnation === 1;
      const flow = ports.flow(spec.flowId);
      const isAsked = isFirst && flow.detectsMachines;
      const question = isAsked ? { tuning: flow.answering } : undefined;
      const isAnalyzed = flow.analyzers.length > 0;
      const { hearing } = spec;
      const ear = { question, isAnalyzed, hearing, turns: flow.turns };
      return mediaLeg({ leg, ports, directory, playing, firstTurnId, ...ear });
    },
    onStarted(ref) {
      directory.mediaLeg = ref;
      if (scene.isAway()) ref.tell({ kind: "legAway" });
      if (ref.incarnation > 1) tellDialog(directory, "mediaLeg");
    },
    onEnded: () => void delete directory.mediaLeg,
  });
}

/**
 * To the caller: what plays stops, and the state's texts are said again; then the flow listens
 * where it was. Significant: where the flow ends, the call does.
 */
function dialogSpec(scene: CastScene): ChildSpec {
  const { ports, directory, spec, leg, answeredAtMs, keepStep } = scene;
  return childSpec({
    id: "dialog",
    restart: "transient",
    isSignificant: true,
    shutdownMs: nothingToFinishMs,
    make: () => {
      const earlier = scene.earlierDialog();
      return dialog({ ports, directory, spec, earlier, answeredAtMs, keepStep });
    },
    onStarted(ref) {
      directory.dialog = ref;
      ref.tell({ kind: "begin", leg });
      if (scene.isAway()) ref.tell({ kind: "legAway" });
    },
    onEnded: () => void delete directory.dialog,
  });
}

/** Who begins anew has forgotten what it was told; the Dialog tells it again. */
function tellDialog({ dialog }: CallDirectory, role: ForgetfulRole): void {
  dialog?.tell({ kind: "castRestarted", role });
}
