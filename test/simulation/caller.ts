/**
 * The person at the other end: listens, thinks, answers in phrases the flow expects, or does not:
 * coughs, mumbles, interrupts, hesitates, presses keys, says nothing, hangs up. Speaks in frames of
 * 20 ms; what nobody needs to look at closely goes in one piece of 200 ms.
 */
import type { Expectation } from "../../dialog/dialog-types.js";
import type { Ear } from "./ear.js";
import type { Fault, FaultDesk } from "./fault-plan.js";
import type { SeededRng } from "./seeded-rng.js";
import type { SimLoop } from "./sim-loop.js";
import { frameSamples, silenceByte, speechFrame, spokenMs } from "./spoken-code.js";
import type { Speech } from "./sim-vendors.js";

const frameMs = 20;
const batchFrames = 10;
/** After speech frames go singly for so long: the end of the turn is judged to the frame. */
const closeLookMs = 1600;

export type CallerOptions = {
  readonly loop: SimLoop;
  readonly rng: SeededRng;
  readonly faults: FaultDesk;
  readonly ear: Ear;
  /** What we wait for, as far as the callee could know. */
  readonly expectation: () => Expectation | undefined;
  readonly hear: (payload: Uint8Array, mediaSamples: number) => void;
  readonly press: (digit: string) => void;
  readonly hangUp: () => void;
  /** Gives a new thing to say its code. */
  readonly codeOf: (speech: Speech) => number;
  readonly note: (what: string, value?: number) => void;
};

type Saying = { readonly frame: Uint8Array; readonly fromMs: number; readonly toMs: number };

const silentFrame = new Uint8Array(frameSamples).fill(silenceByte);
const silentBatch = new Uint8Array(frameSamples * batchFrames).fill(silenceByte);

export class Caller {
  readonly #options: CallerOptions;
  readonly #frames = new Map<number, Uint8Array>();
  #sayings: Saying[] = [];
  /** Frames that the network holds back, to come all at once. */
  readonly #held: { readonly payload: Uint8Array; readonly atFrame: number }[] = [];
  #isGone = false;
  /** Media time in frames. */
  #frame = 0;
  /** Until then all is sent: what is said now begins there. */
  #nextTickMs = 0;
  /** The utterance of ours that the callee has made up its mind about. */
  #consideredUtterance = 0;
  #hasHeard = false;
  #decideAtMs: number | undefined;
  #singleUntilMs = 0;
  #lastActiveMs = 0;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** When the callee last did something, monotonic. */
  get lastActiveMs(): number {
    return this.#lastActiveMs;
  }

  /** Picks up the phone. */
  start(): void {
    this.#lastActiveMs = this.#options.loop.world.nowMs();
    const { faults } = this.#options;
    const hangup = faults.find("callerHangup");
    if (hangup !== undefined) {
      this.#after(hangup.at, () => {
        faults.strike(hangup);
        this.#hangUp();
      });
    }
    this.#tick();
  }

  /** The line is closed. */
  stop(): void {
    this.#isGone = true;
  }

  #after(delayMs: number, run: () => void): void {
    this.#options.loop.world.after(delayMs, () => {
      if (!this.#isGone) run();
    });
  }

  /** Sends the frames of the time gone by, and thinks. */
  #tick(): void {
    const { loop, faults } = this.#options;
    const count = this.#isCloseLook(loop.world.nowMs()) ? 1 : batchFrames;
    const isNear = faults.isNear("frameIn", this.#frame, this.#frame + count);
    const isStruck = count > 1 && (isNear || this.#held.length > 0);
    const frames = isStruck ? 1 : count;
    this.#nextTickMs = loop.world.nowMs() + frames * frameMs;
    this.#after(frames * frameMs, () => {
      this.#send(frames);
      this.#think();
      if (!this.#isGone) this.#tick();
    });
  }

  #isCloseLook(nowMs: number): boolean {
    return nowMs < this.#singleUntilMs;
  }

  #send(count: number): void {
    const nowMs = this.#options.loop.world.nowMs();
    const atFrame = this.#frame;
    this.#frame += count;
    this.#options.ear.judgeUntil(nowMs);
    this.#options.ear.forget(nowMs - 3000);
    if (count > 1) return this.#options.hear(silentBatch.slice(), atFrame * frameSamples);
    const payload = this.#mouth(nowMs - frameMs);
    const fault = this.#options.faults.at("frameIn", atFrame);
    if (fault?.mode === "burst") return void this.#held.push({ payload, atFrame });
    for (const held of this.#held.splice(0)) {
      this.#options.hear(held.payload, held.atFrame * frameSamples);
    }
    if (fault === undefined) this.#options.hear(payload, atFrame * frameSamples);
    else this.#harm(fault, payload, atFrame * frameSamples);
  }

  #mouth(atMs: number): Uint8Array {
    this.#sayings = this.#sayings.filter(({ toMs }) => toMs > atMs);
    const saying = this.#sayings.find(({ fromMs }) => fromMs <= atMs);
    if (saying !== undefined) this.#lastActiveMs = atMs;
    return (saying?.frame ?? silentFrame).slice();
  }

  #harm(fault: Fault, payload: Uint8Array, mediaSamples: number): void {
    const { hear } = this.#options;
    switch (fault.mode) {
      case "drop":
        return;
      case "repeat":
        hear(payload.slice(), mediaSamples);
        return hear(payload, mediaSamples);
      case "truncate":
        return hear(payload.slice(0, 7 + (fault.durationMs % 150)), mediaSamples);
      default:
        // Late and out of order: those behind it do not wait.
        return this.#after(fault.durationMs, () => hear(payload, mediaSamples));
    }
  }

  #think(): void {
    const { loop, ear, rng } = this.#options;
    const nowMs = loop.world.nowMs();
    const sounding = ear.soundingAt(nowMs);
    if (sounding !== undefined) {
      this.#hasHeard = true;
      this.#lastActiveMs = nowMs;
      this.#decideAtMs = undefined;
      if (sounding > this.#consideredUtterance) {
        this.#consideredUtterance = sounding;
        if (rng.chance(0.14)) this.#after(rng.int(0, 1800), () => this.#interrupt());
      }
      return;
    }
    if (!this.#hasHeard || this.#isSpeaking(nowMs)) return;
    this.#decideAtMs ??= nowMs + rng.int(60, 1400);
    if (nowMs < this.#decideAtMs) return;
    this.#decideAtMs = undefined;
    this.#hasHeard = false;
    this.#answer();
  }

  #isSpeaking(nowMs: number): boolean {
    return this.#sayings.some(({ toMs }) => toMs > nowMs);
  }

  #answer(): void {
    const { rng } = this.#options;
    const action = rng.weighted([
      ["phrase", 58],
      ["keys", 14],
      ["hesitate", 8],
      ["mumble", 5],
      ["cough", 3],
      ["silence", 8],
      ["hangUp", 2],
      ["talkAndPress", 2],
      ["ramble", 0.3],
    ] as const);
    this.#options.note(`caller ${action}`);
    switch (action) {
      case "phrase":
        return this.#say(this.#phrase());
      case "keys":
        return this.#keys();
      case "hesitate":
        return this.#hesitate();
      case "mumble":
        return this.#say({ text: "mumble", frames: rng.int(10, 60) });
      case "cough":
        return this.#say({ text: "cough", frames: rng.int(2, 7) });
      case "silence":
        return;
      case "hangUp":
        return this.#hangUp();
      case "talkAndPress":
        this.#say(this.#phrase());
        return this.#keys();
      case "ramble":
        return this.#say({ text: "ramble", frames: 850 });
    }
  }

  #interrupt(): void {
    const { rng } = this.#options;
    const action = rng.weighted([
      ["phrase", 40],
      ["cough", 20],
      ["mumble", 15],
      ["keys", 20],
      ["hangUp", 5],
    ] as const);
    this.#options.note(`caller interrupts ${action}`);
    switch (action) {
      case "phrase":
        return this.#say(this.#phrase());
      case "cough":
        return this.#say({ text: "cough", frames: rng.int(2, 8) });
      case "mumble":
        return this.#say({ text: "mumble", frames: rng.int(10, 40) });
      case "keys":
        return this.#keys();
      case "hangUp":
        return this.#hangUp();
    }
  }

  /** Half of it, a pause in which the turn may seem to be over, and the rest. */
  #hesitate(): void {
    const { rng } = this.#options;
    const { text } = this.#phrase();
    const words = text.split(" ");
    const cut = Math.ceil(words.length / 2);
    const [first, second] = [words.slice(0, cut).join(" "), words.slice(cut).join(" ")];
    this.#say(speechOf(first));
    if (second === "") return this.#say(speechOf(text), spokenMs(first) + rng.int(200, 1200));
    this.#say(speechOf(second), spokenMs(first) + rng.int(200, 1200));
  }

  #phrase(): Speech {
    const { rng, expectation } = this.#options;
    const { phrases = [], digits } = expectation() ?? {};
    if (digits !== undefined && rng.chance(0.7)) {
      return speechOf(this.#digits(rng.int(digits.min, digits.max)));
    }
    return speechOf(phrases.length === 0 ? "anything" : rng.pick(phrases));
  }

  #digits(count: number): string {
    return Array.from({ length: count }, () => this.#options.rng.int(0, 9)).join("");
  }

  #keys(): void {
    const { rng, expectation } = this.#options;
    const { keypad = [], digits } = expectation() ?? {};
    const keys =
      digits !== undefined && rng.chance(0.6)
        ? [...this.#digits(rng.int(digits.min, digits.max)), ...(rng.chance(0.5) ? ["#"] : [])]
        : [
            rng.chance(0.15) || keypad.length === 0
              ? rng.pick([..."0123456789*#"])
              : rng.pick(keypad),
          ];
    let atMs = 0;
    for (const key of keys) {
      this.#after(atMs, () => {
        this.#lastActiveMs = this.#options.loop.world.nowMs();
        this.#options.note("caller presses");
        this.#options.press(key);
      });
      atMs += rng.int(120, 450);
    }
  }

  #say({ text, frames }: Speech, delayMs = 0): void {
    const code = this.#options.codeOf({ text, frames });
    let frame = this.#frames.get(code);
    if (frame === undefined) this.#frames.set(code, (frame = speechFrame(code)));
    const fromMs = Math.max(this.#options.loop.world.nowMs(), this.#nextTickMs) + delayMs;
    const toMs = fromMs + frames * frameMs;
    this.#sayings.push({ frame, fromMs, toMs });
    this.#singleUntilMs = Math.max(this.#singleUntilMs, toMs + closeLookMs);
  }

  #hangUp(): void {
    this.#isGone = true;
    this.#options.note("caller hangs up");
    this.#options.hangUp();
  }
}

function speechOf(text: string): Speech {
  return { text, frames: Math.round(spokenMs(text) / 20) };
}
