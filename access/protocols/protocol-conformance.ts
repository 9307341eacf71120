/**
 * What every media protocol must do between a client and the engine, as a list of cases that need
 * no test framework. A case connects the protocol's own client to its session by a link in memory,
 * in virtual time.
 */
import assert from "node:assert/strict";
import { EngineError } from "../../base/errors.js";
import { virtualTime, type VirtualTime } from "../../base/virtual-time.js";
import type {
  ClientTime,
  MediaClient,
  MediaClientListener,
  OpenSocket,
} from "../client/media-client.js";
import type {
  MarkCertainty,
  MediaProtocol,
  MediaSession,
  MediaSink,
  StreamStart,
} from "./media-protocol.js";
import { memoryLink, type MemoryLink } from "./memory-link.js";

/** One rule and the run that tries to break it; throws when it is broken. */
export type ConformanceCase = { readonly name: string; readonly run: () => void };

/** What the suite needs to know of a protocol. */
export type ProtocolHarness = {
  readonly protocol: MediaProtocol;
  /** Connects the protocol's client. */
  connect(options: {
    readonly socket: OpenSocket;
    readonly time: ClientTime;
    readonly callId: string;
    readonly token: string;
    readonly listener: MediaClientListener;
  }): MediaClient;
  /** Messages that no session may take, with the code of the error they deserve. */
  readonly broken: readonly {
    readonly name: string;
    readonly message: Uint8Array | string;
    readonly code: string;
  }[];
};

const CALL_ID = "call-7";
const TOKEN = "secret-token";

/** The cases for one protocol. */
export function protocolConformance(harness: ProtocolHarness): ConformanceCase[] {
  const general = Object.entries(cases).map(([name, run]) => ({
    name,
    run: () => run(new ProtocolBench(harness)),
  }));
  const broken = harness.broken.map(({ name, message, code }) => ({
    name: `refuses ${name} with ${code}`,
    run: () => assertRefused(new ProtocolBench(harness), message, code),
  }));
  return [...general, ...broken];
}

/** A client and a session, and all that either was told. */
class ProtocolBench {
  readonly time: VirtualTime = virtualTime();
  readonly protocol: MediaProtocol;
  readonly starts: StreamStart[] = [];
  /** What the engine was told, in order. */
  readonly engine: unknown[][] = [];
  /** What the client was told, in order. */
  readonly far: unknown[][] = [];
  readonly link: MemoryLink;
  readonly client: MediaClient;
  onFrame: () => void = () => undefined;

  constructor(harness: ProtocolHarness) {
    this.protocol = harness.protocol;
    this.link = memoryLink(harness.protocol, this.#sink(), this.time);
    this.client = harness.connect({
      socket: this.link.open,
      time: this.time,
      callId: CALL_ID,
      token: TOKEN,
      listener: this.#listener(),
    });
    this.time.settle();
  }

  get session(): MediaSession {
    return this.link.session();
  }

  /** The stream that the client started, made ready. */
  started(): number {
    const [start] = this.starts;
    assert.ok(start, "the client's stream has started");
    this.session.ready(start.streamId);
    this.time.settle();
    return start.streamId;
  }

  /** A frame whose bytes are all `value`. */
  frame(value: number): Uint8Array {
    return new Uint8Array(this.client.frameBytes).fill(value);
  }

  /** What `who` was told of this kind. */
  of(who: "engine" | "far", kind: string): unknown[][] {
    return this[who].filter(([first]) => first === kind).map((event) => event.slice(1));
  }

  #sink(): MediaSink {
    return {
      started: (start) => void this.starts.push(start),
      frame: (streamId, payload, mediaSamples) => {
        this.engine.push(["frame", streamId, payload.slice(), mediaSamples]);
        this.onFrame();
      },
      dtmf: (...event) => void this.engine.push(["dtmf", ...event]),
      markReached: (...event) => void this.engine.push(["mark", ...event]),
      ended: (...event) => void this.engine.push(["ended", ...event]),
    };
  }

  #listener(): MediaClientListener {
    return {
      ready: () => void this.far.push(["ready"]),
      frame: ({ payload }) => void this.far.push(["frame", payload[0]]),
      played: ({ payload, playedMs }) => void this.far.push(["played", payload[0], playedMs]),
      clear: ({ droppedFrames }) => void this.far.push(["clear", droppedFrames]),
      mark: (name) => void this.far.push(["mark", name]),
      hangup: () => void this.far.push(["hangup"]),
      error: ({ code }) => void this.far.push(["error", code]),
      closed: (code) => void this.far.push(["closed", code]),
    };
  }
}

function assertRefused(bench: ProtocolBench, message: Uint8Array | string, code: string): void {
  bench.link.inject(message);
  const thrown = bench.link.thrown();
  assert.ok(thrown instanceof EngineError, `a typed error, not ${String(thrown)}`);
  assert.equal(thrown.code, code);
  assert.doesNotMatch(thrown.message, new RegExp(TOKEN));
  bench.time.settle();
  assert.equal(bench.of("engine", "ended").length, 1);
}

const cases: Readonly<Record<string, (bench: ProtocolBench) => void>> = {
  "starts one stream with its format, call id and token": (bench) => {
    bench.started();
    assert.equal(bench.starts.length, 1);
    const { streamId, callId, token, format, frameMs, parameters } = bench.starts[0]!;
    assert.ok(streamId >= 1);
    assert.deepEqual([callId, token, frameMs], [CALL_ID, TOKEN, 20]);
    assert.deepEqual(format, bench.client.format);
    assert.ok(!("callId" in parameters) && !("token" in parameters));
    assert.deepEqual(bench.of("far", "ready"), [[]]);
  },

  "carries the caller's frames unchanged, with media time that counts samples": (bench) => {
    const streamId = bench.started();
    const samples = (bench.client.format.rateHz * 20) / 1000;
    for (let index = 0; index < 50; index++) {
      bench.client.sendFrame(bench.frame(index));
      bench.time.advance(20);
    }
    const frames = bench.of("engine", "frame");
    assert.equal(frames.length, 50);
    frames.forEach((frame, index) =>
      assert.deepEqual(frame, [streamId, bench.frame(index), index * samples]),
    );
  },

  "jumps over a pause of the caller in media time": (bench) => {
    bench.started();
    bench.client.sendFrame(bench.frame(1));
    bench.time.advance(1000);
    bench.client.sendFrame(bench.frame(2));
    bench.time.settle();
    const [, after] = bench.of("engine", "frame");
    assert.equal(after?.[2], bench.client.format.rateHz);
  },

  "carries our frames to the caller's ear, one after the other": (bench) => {
    const streamId = bench.started();
    const startMs = bench.time.nowMs();
    for (let index = 1; index <= 5; index++) {
      bench.session.sendFrame(streamId, bench.frame(index), 1);
    }
    bench.time.advance(200);
    assert.deepEqual(
      bench.of("far", "played"),
      [1, 2, 3, 4, 5].map((value, index) => [value, startMs + 20 + index * 20]),
    );
  },

  "copies what it sends: the caller's buffer may change at once": (bench) => {
    const streamId = bench.started();
    const frame = bench.frame(1);
    bench.session.sendFrame(streamId, frame, 1);
    frame.fill(9);
    bench.time.advance(100);
    assert.deepEqual(bench.of("far", "frame"), [[1]]);
  },

  "carries every key": (bench) => {
    const streamId = bench.started();
    for (const digit of "0123456789*#ABCD") bench.client.sendDtmf(digit);
    bench.time.settle();
    assert.deepEqual(
      bench.of("engine", "dtmf"),
      [..."0123456789*#ABCD"].map((digit) => [streamId, digit]),
    );
  },

  "returns a mark when the audio before it was played, not before": (bench) => {
    const streamId = bench.started();
    for (let index = 0; index < 10; index++) {
      bench.session.sendFrame(streamId, bench.frame(index), 1);
    }
    bench.session.sendMark(streamId, 'end of "1"');
    // 20 ms of jitter buffer and ten frames.
    bench.time.advance(219);
    assert.deepEqual(bench.of("engine", "mark"), []);
    bench.time.advance(1);
    const certainty: MarkCertainty = "played";
    assert.deepEqual(bench.of("engine", "mark"), [[streamId, 'end of "1"', certainty]]);
  },

  "clears what waits at the caller; what follows is heard": (bench) => {
    const streamId = bench.started();
    for (let index = 0; index < 50; index++) bench.session.sendFrame(streamId, bench.frame(1), 1);
    bench.time.advance(105);
    bench.session.sendClear(streamId, 1);
    bench.session.sendFrame(streamId, bench.frame(2), 2);
    bench.time.advance(100);
    const heard = bench.of("far", "played").map(([value]) => value);
    assert.deepEqual(heard, [1, 1, 1, 1, 1, 2]);
    assert.deepEqual(bench.of("far", "clear"), [[45]]);
  },

  "drops frames of an utterance that was cleared before they were sent": (bench) => {
    const streamId = bench.started();
    bench.session.sendClear(streamId, 3);
    for (const utterance of [1, 2, 3, 4]) {
      bench.session.sendFrame(streamId, bench.frame(utterance), utterance);
    }
    bench.time.advance(100);
    assert.deepEqual(bench.of("far", "frame"), [[4]]);
  },

  "says of a mark that a clear overtook what the protocol promises": (bench) => {
    const streamId = bench.started();
    bench.session.sendFrame(streamId, bench.frame(1), 1);
    bench.session.sendMark(streamId, "overtaken");
    bench.session.sendClear(streamId, 1);
    bench.session.sendFrame(streamId, bench.frame(2), 2);
    bench.session.sendMark(streamId, "heard");
    bench.time.advance(200);
    const marks = bench.of("engine", "mark").map(([, ...rest]) => rest);
    const unsure = bench.protocol.marks === "playedOrCleared";
    assert.deepEqual(marks, [
      ...(unsure ? [["overtaken", "playedOrCleared"]] : []),
      ["heard", "played"],
    ]);
  },

  "ends once when the caller hangs up": (bench) => {
    const streamId = bench.started();
    bench.client.hangup();
    bench.time.settle();
    bench.time.advance(2000);
    assert.deepEqual(bench.of("engine", "ended"), [[streamId, "hangup"]]);
    assert.equal(bench.of("far", "closed").length, 1);
    assert.equal(bench.of("far", "hangup").length, 0);
  },

  "ends once when the connection is lost": (bench) => {
    const streamId = bench.started();
    bench.link.cut();
    bench.time.settle();
    assert.deepEqual(bench.of("engine", "ended"), [[streamId, "connectionLost"]]);
    assert.deepEqual(bench.of("far", "closed"), [[1006]]);
    assert.equal(bench.of("far", "hangup").length, 0);
  },

  "tells the caller when we hang up, and is silent from then on": (bench) => {
    const streamId = bench.started();
    bench.session.hangup(streamId, "done");
    bench.client.sendFrame(bench.frame(1));
    bench.session.sendFrame(streamId, bench.frame(1), 1);
    bench.session.sendMark(streamId, "late");
    bench.session.sendClear(streamId, 1);
    bench.session.hangup(streamId, "twice");
    bench.time.advance(2000);
    assert.deepEqual(bench.engine, []);
    assert.deepEqual(bench.far, [["ready"], ["hangup"], ["closed", 1000]]);
  },

  "hands on nothing after the engine hung up inside a frame": (bench) => {
    const streamId = bench.started();
    bench.onFrame = () => bench.session.hangup(streamId, "enough");
    bench.client.sendFrame(bench.frame(1));
    bench.client.sendFrame(bench.frame(2));
    bench.client.sendDtmf("1");
    bench.time.settle();
    assert.equal(bench.engine.length, 1);
  },

  "ignores words about a stream that is over": (bench) => {
    const streamId = bench.started();
    bench.client.hangup();
    bench.time.settle();
    const before = bench.engine.length;
    bench.session.ready(streamId);
    bench.session.sendFrame(streamId, bench.frame(1), 1);
    bench.session.sendMark(streamId, "late");
    bench.session.hangup(streamId, "late");
    bench.session.closed();
    bench.session.closed();
    bench.time.advance(2000);
    assert.equal(bench.engine.length, before);
  },

  "takes nothing more after a broken message": (bench) => {
    bench.started();
    const session = bench.session;
    assert.throws(() => session.receive("{"));
    bench.client.sendFrame(bench.frame(1));
    bench.time.settle();
    assert.deepEqual(bench.of("engine", "frame"), []);
  },

  "refuses to send a frame of the wrong length: that is our own bug": (bench) => {
    const streamId = bench.started();
    assert.throws(
      () => bench.session.sendFrame(streamId, new Uint8Array(7), 1),
      (error: unknown) => error instanceof EngineError && error.code === "ASSERTION",
    );
    assert.throws(
      () => bench.client.sendFrame(new Uint8Array(7)),
      (error: unknown) => error instanceof EngineError && error.code === "CLIENT_FRAME_LENGTH",
    );
  },
};
