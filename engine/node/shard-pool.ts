/**
 * The shards of a node. Those of the configuration take any call, and each one that is lost comes
 * back in its place. Beside them are quarantine shards, each for one suspect or a few, and gone
 * with them.
 *
 * One more shard is kept ready: it takes the place of the next one that is lost, so that its calls
 * go on there and are no burden to the other shards, or is the quarantine of a call that cannot
 * wait for a thread to start. To start a thread takes a core for some tenths of a second: the next
 * one is started in the background when the loss is over.
 */
import { toErrorData } from "../../base/errors.js";
import { ringFill } from "../../base/frame-ring.js";
import type { ThreadExit, Timer } from "../../base/ports.js";
import type { ShardCommand } from "../control/messages.js";
import type { ShardLoss } from "./ledger.js";
import type { Restarts } from "./restarts.js";
import { startShardLife, type ShardLife, type ShardLifeOptions } from "./shard-life.js";
import type { ShardThread } from "./thread-handles.js";

/** Quarantine shards at a time: a thread each, of some 30 MB. */
export const quarantineMax = 8;

/** After the spare shard was taken: until then the calls that it took need the machine. */
const nextSpareMs = 2000;
/** After one that did not start, or was lost before anybody needed it. */
const spareRetryMs = 10_000;

/** A life of a shard that is over. */
export type LostShard = ShardLoss & { readonly incarnation: number };
export type ShardPlace = { readonly shardIndex: number; readonly incarnation: number };

export type ShardPoolOptions = ShardLifeOptions & {
  readonly shardCount: number;
  /** Quarantine shards at a time; left out, `quarantineMax`. */
  readonly quarantineMax?: number | undefined;
  readonly restarts: Restarts;
  /** Lays the rings and the port between the shard and the gateway, if there is one. */
  readonly connect: (thread: ShardThread, place: ShardPlace) => readonly SharedArrayBuffer[];
  readonly lost: (lost: LostShard) => void;
  /** A shard is there, and takes the calls that waited for it. */
  readonly back: (place: ShardPlace) => void;
};

/** `life` is undefined while its thread is gone or not there yet. */
type Seat = {
  life: ShardLife | undefined;
  incarnation: number;
  /** Between it and the gateway; empty while there is none. */
  rings: readonly SharedArrayBuffer[];
  /** It was lost too often, and does not come back. */
  isGivenUp: boolean;
  /** Of quarantine shards: suspects have it. */
  isTaken: boolean;
};

/** A shard without a call. `starting` gives undefined when it does not start. */
type Spare = {
  readonly starting: Promise<ShardLife | undefined>;
  ready: ShardLife | undefined;
};

export class ShardPool {
  readonly #options: ShardPoolOptions;
  readonly #seats: Seat[];
  #spare: Spare | undefined;
  #nextSpare: Timer | undefined;
  #spareCount = 0;
  #firstStart: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor(options: ShardPoolOptions) {
    this.#options = options;
    const count = options.shardCount + (options.quarantineMax ?? quarantineMax);
    const empty = { life: undefined, incarnation: 0, rings: [], isGivenUp: false, isTaken: false };
    this.#seats = Array.from({ length: count }, () => ({ ...empty }));
  }

  /** Starts the shards of the configuration. @throws {EngineError} why one could not start */
  async start(): Promise<void> {
    const starts = this.#ordinary.map((_, shardIndex) => this.#start(shardIndex));
    this.#firstStart = Promise.allSettled(starts);
    await Promise.all(starts);
    this.#keepSpare(0);
  }

  /** Shards that take any call now. */
  get live(): readonly number[] {
    return this.#ordinary.flatMap(({ life }, index) => (life === undefined ? [] : [index]));
  }

  /** A shard that will be there again. */
  get coming(): number | undefined {
    const index = this.#ordinary.findIndex(({ life, isGivenUp }) => !life && !isGivenUp);
    return index === -1 ? undefined : index;
  }

  get isWhole(): boolean {
    return this.#ordinary.every(({ life }) => life !== undefined);
  }

  /** How long a loop was held up, and the fullest ring; the worst since the last reading. */
  load(): { readonly loopLagMs: number; readonly ringFill: number } {
    const seats = this.#seats.filter(({ life }) => life !== undefined);
    return {
      loopLagMs: Math.max(0, ...seats.map(({ life }) => life!.takeLagMs())),
      ringFill: Math.max(0, ...seats.flatMap(({ rings }) => rings.map(ringFill))),
    };
  }

  /** Threads of all kinds that run. */
  threads(): readonly ShardThread[] {
    const lives = [...this.#seats.map(({ life }) => life), this.#spare?.ready];
    return lives.flatMap((life) => (life === undefined ? [] : [life.thread]));
  }

  tell(shardIndex: number, command: ShardCommand): void {
    this.#seats[shardIndex]?.life?.thread.tell(command);
  }

  /** Lays new ways to a new gateway. */
  connectAll(): void {
    this.#seats.forEach((seat, shardIndex) => {
      if (seat.life === undefined) return;
      seat.incarnation += 1;
      const place = { shardIndex, incarnation: seat.incarnation };
      seat.rings = this.#options.connect(seat.life.thread, place);
    });
  }

  /** A shard for suspects; undefined when all are taken. */
  quarantine(): { readonly shardIndex: number; readonly isLive: boolean } | undefined {
    const { shardCount } = this.#options;
    const shardIndex = this.#seats.findIndex(({ isTaken }, at) => at >= shardCount && !isTaken);
    const seat = this.#seats[shardIndex];
    if (seat === undefined || this.#isStopping) return undefined;
    seat.isTaken = true;
    const spare = this.#takeSpare();
    if (spare?.ready !== undefined) this.#seat(shardIndex, spare.ready);
    else void this.#seatLater(shardIndex, spare?.starting ?? this.#startSpare());
    return { shardIndex, isLive: spare?.ready !== undefined };
  }

  /** The last call of a quarantine shard has ended: so does the shard. */
  release(shardIndex: number): void {
    const seat = this.#seats[shardIndex];
    if (shardIndex < this.#options.shardCount || seat?.isTaken !== true) return;
    const { life } = seat;
    seat.isTaken = false;
    seat.life = undefined;
    void life?.thread.stop({ kind: "stop" });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#nextSpare?.cancel();
    await this.#firstStart;
    await this.#spare?.starting;
    const threads = this.threads();
    await Promise.all(threads.map((thread) => thread.stop({ kind: "stop" })));
  }

  get #ordinary(): readonly Seat[] {
    return this.#seats.slice(0, this.#options.shardCount);
  }

  async #start(shardIndex: number): Promise<void> {
    const start = { name: `shard-${shardIndex}`, shardIndex, isInBackground: false };
    const life = await startShardLife(this.#options, start);
    if (this.#isStopping) return life.thread.stop({ kind: "stop" });
    this.#seat(shardIndex, life);
  }

  #seat(shardIndex: number, life: ShardLife): void {
    const seat = this.#seats[shardIndex]!;
    seat.life = life;
    seat.incarnation += 1;
    const place = { shardIndex, incarnation: seat.incarnation };
    seat.rings = this.#options.connect(life.thread, place);
    life.onLost((exit) => this.#lost(shardIndex, life, exit));
    life.guard();
  }

  /** Its call waits for it. */
  async #seatLater(shardIndex: number, starting: Promise<ShardLife | undefined>): Promise<void> {
    const life = await starting;
    const seat = this.#seats[shardIndex]!;
    if (this.#isStopping || !seat.isTaken) return void life?.thread.stop({ kind: "stop" });
    const { incarnation } = seat;
    if (life === undefined) {
      // Its call must go elsewhere.
      seat.isTaken = false;
      return this.#options.lost({ shardIndex, incarnation, isQuarantine: false, lastMark: 0 });
    }
    this.#seat(shardIndex, life);
    this.#options.back({ shardIndex, incarnation: seat.incarnation });
  }

  #lost(shardIndex: number, life: ShardLife, { exitCode, error }: ThreadExit): void {
    const seat = this.#seats[shardIndex]!;
    // A quarantine shard whose call ended at the same moment is not missed.
    if (seat.life !== life || this.#isStopping) return;
    const { shardCount, log } = this.#options;
    const { name } = life.thread;
    const why = error === undefined ? `exit code ${exitCode}` : toErrorData(error).message;
    log("error", "a thread is lost", { thread: name, why });
    seat.life = undefined;
    seat.isTaken = false;
    const isQuarantine = shardIndex >= shardCount;
    const { incarnation } = seat;
    if (!isQuarantine) seat.isGivenUp = !this.#bringBack(shardIndex);
    this.#options.lost({ shardIndex, incarnation, isQuarantine, lastMark: life.lastMark() });
  }

  /** With the spare shard it is there again before anybody hears of the loss. */
  #bringBack(shardIndex: number): boolean {
    const { restarts, back } = this.#options;
    return restarts.again(`shard-${shardIndex}`, async () => {
      const spare = this.#takeSpare();
      if (spare?.ready !== undefined) return this.#seat(shardIndex, spare.ready);
      const life = await spare?.starting;
      if (life === undefined) await this.#start(shardIndex);
      else this.#seat(shardIndex, life);
      back({ shardIndex, incarnation: this.#seats[shardIndex]!.incarnation });
    });
  }

  /** The spare shard, on its way or ready, if there is one; another one follows. */
  #takeSpare(): Spare | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    this.#keepSpare(nextSpareMs);
    return spare;
  }

  #keepSpare(afterMs: number): void {
    this.#nextSpare?.cancel();
    if (this.#isStopping) return;
    this.#nextSpare = this.#options.time.after(afterMs, () => {
      if (this.#spare !== undefined) return;
      const spare: Spare = { starting: this.#startSpare(), ready: undefined };
      this.#spare = spare;
      void spare.starting.then((life) => this.#spareStarted(spare, life));
    });
  }

  #spareStarted(spare: Spare, life: ShardLife | undefined): void {
    if (this.#spare !== spare) return;
    const lost = (): void => {
      if (this.#spare !== spare) return;
      this.#spare = undefined;
      this.#keepSpare(spareRetryMs);
    };
    if (life === undefined) return lost();
    spare.ready = life;
    life.onLost(lost);
  }

  /**
   * In the background, also where suspects wait: several at once would be heard by everybody.
   *
   * @returns undefined when it does not start; a call that needs it then waits for the next try
   */
  async #startSpare(): Promise<ShardLife | undefined> {
    const shardIndex = this.#options.shardCount - 1;
    const name = `spare-${(this.#spareCount += 1)}`;
    try {
      return await startShardLife(this.#options, { name, shardIndex, isInBackground: true });
    } catch (error) {
      this.#options.log("error", "a spare shard could not be started", {
        thread: name,
        ...toErrorData(error),
      });
      return undefined;
    }
  }
}
