/** One call in virtual time: the cast, and a gateway leg that an examinee listens to. */
import { PlayoutWheel } from "../../access/playout/playout-wheel.js";
import type { MediaSession } from "../../access/protocols/media-protocol.js";
import { nativeProtocol } from "../../access/protocols/native-session.js";
import type { CallEvent } from "../../actors/call/call-events.js";
import { call } from "../../actors/call/call.js";
import type { CastPorts, Leg, MediaLink } from "../../actors/call/cast-ports.js";
import type { CallDirectory } from "../../actors/call/messages.js";
import { createActorSystem, createSchedulerDispatcher } from "../../actors/kernel/index.js";
import { Histogram } from "../../base/histogram.js";
import { SharedPages } from "../../base/shared-pages.js";
import type { VirtualTime } from "../../base/virtual-time.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import type { LegNotice } from "../../engine/control/messages.js";
import { GatewayLeg } from "../../engine/gateway/gateway-leg.js";
import { isAudible } from "./audible.js";
import type { Examinee } from "./examinee.js";
import { frameSamples } from "./line-audio.js";
import type { VirtualHouse } from "./virtual-room.js";

const frameMs = 20;
const leadMs = 40;
const format = { codec: "pcmu", rateHz: 8000 } as const;
const hourMs = 3_600_000;

export type VirtualCall = {
  readonly directory: CallDirectory;
  readonly leg: GatewayLeg;
  close(): void;
};

/** Opens a call of `flow`; it has begun when this returns. */
export function openCall(
  house: VirtualHouse,
  flow: CompiledFlow,
  examinee: Examinee,
  report: (event: CallEvent) => void,
): VirtualCall {
  const { time } = house;
  const directory = {} as CallDirectory;
  const playout = { frameMs, leadMs, sent: nothing, poll: nothing };
  const wheel = new PlayoutWheel({ time, ...playout });
  wheel.keepTurning(true);
  const leg = gatewayLeg(time, examinee, (notice) => {
    if (notice.kind === "playback") directory.call.tell(notice);
  });
  const ports: CastPorts = {
    ...silentPorts(time),
    flow: () => flow,
    vad: house.vad,
    recognizer: house.recognizer,
    analyzers: new Map(),
    findPrompt: (id) => house.prompts.get(id),
    pages: new SharedPages(),
    media: mediaLink(house, { leg, wheel, directory }),
    report: (_callId, event) => report(event),
  };
  begin(ports, directory, flow);
  return { directory, leg, close: () => wheel.keepTurning(false) };
}

function begin(ports: CastPorts, directory: CallDirectory, flow: CompiledFlow): void {
  const time = ports.time as VirtualTime;
  const spec = {
    callId: "exam",
    userId: "exam",
    flowId: flow.id,
    variables: {},
    isRecorded: false,
    answerMsMax: 30_000,
    durationMsMax: 4 * hourMs,
  };
  const system = createActorSystem({
    name: `exam-${time.nowMs()}`,
    dispatcher: createSchedulerDispatcher(time),
    time,
    deadLetters: nothing,
    onFailure: (path, error) => {
      throw new Error(`${path}: ${error.message}`);
    },
  });
  system.spawn("call", call({ ports, spec, directory }));
  time.settle();
  directory.call.tell({ kind: "legOpened", leg: legOf(time) });
  time.settle();
}

type Way = {
  readonly leg: GatewayLeg;
  readonly wheel: PlayoutWheel;
  readonly directory: CallDirectory;
};

/** From the cast to the gateway leg, without a thread between. */
function mediaLink({ time, prompts }: VirtualHouse, { leg, wheel, directory }: Way): MediaLink {
  const play = (): void => wheel.start(leg, leg.playedUntilMs);
  return {
    playPrompt(_slot, utterance, id) {
      leg.playPrompt(utterance, prompts.get(id)!);
      play();
    },
    openStream: (_slot, utterance) => leg.openStream(utterance),
    streamFrame(_slot, utterance, frame) {
      leg.addFrame(utterance, frame);
      play();
      return true;
    },
    endStream: (_slot, utterance) => leg.closeStream(utterance),
    clear: (_slot, utterance) => leg.clear(utterance),
    hold: () => leg.hold(),
    release() {
      leg.release();
      play();
    },
    hangup: (_slot, reason) => time.soon(() => directory.call.tell({ kind: "legClosed", reason })),
  };
}

function legOf(time: VirtualTime): Leg {
  return { slot: 1, format, frameBytes: frameSamples, protocol: "exam", openedAtMs: time.nowMs() };
}

/** The parts that an exam has no use for. */
function silentPorts(
  time: VirtualTime,
): Pick<CastPorts, "time" | "synthesizer" | "record" | "recordedChunks" | "remember" | "latency"> {
  return {
    time,
    synthesizer: {
      open() {
        throw new Error("the exam has cached prompts only");
      },
    },
    record: () => Promise.resolve(),
    recordedChunks: () => Promise.resolve(0),
    remember: () => undefined,
    latency: {
      frameIn: new Histogram(),
      frameHeld: new Histogram(),
      turn: new Histogram(),
      turnEngine: new Histogram(),
    },
  };
}

function gatewayLeg(
  time: VirtualTime,
  examinee: Examinee,
  tell: (notice: LegNotice) => void,
): GatewayLeg {
  let playUntilMs = 0;
  let marks: string[] = [];
  const session = {
    sendFrame(_stream: number, payload: Uint8Array, utterance: number): void {
      const soundsAtMs = Math.max(playUntilMs, time.nowMs());
      playUntilMs = soundsAtMs + frameMs;
      examinee.heard({ utterance, isAudible: isAudible(payload), soundsAtMs });
    },
    sendMark(_stream: number, name: string): void {
      marks.push(name);
      time.after(playUntilMs - time.nowMs(), () => {
        if (!marks.includes(name)) return;
        marks = marks.filter((one) => one !== name);
        leg.markReached(name);
        examinee.promptEnded(time.nowMs());
      });
    },
    sendClear(): void {
      marks = [];
      playUntilMs = time.nowMs();
      examinee.cleared(time.nowMs());
    },
  } as unknown as MediaSession;
  const start = { streamId: 1, format, frameMs, parameters: {}, peerIds: {} };
  const leg = new GatewayLeg({
    slot: 1,
    callId: "exam",
    start,
    protocol: nativeProtocol(),
    session,
    time,
    tell: (notice) => time.soon(() => tell(notice)),
  });
  return leg;
}

function nothing(): void {}
