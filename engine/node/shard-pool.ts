/**
 * The shards of a node. Those of the configuration take any call, and each one that is lost comes
 * back in its place. Beside them are quarantine shards, each for one call alone and gone with it;
 * one of them is kept ready, since a call that needs it cannot wait for a thread to start.
 */
import { toErrorData } from "../../base/errors.js";
import { ringFill } from "../../base/frame-ring.js";
import type { ThreadExit } from "../../base/ports.js";
import type { ShardCommand } from "../control/messages.js";
import type { ShardLoss } from "./ledger.js";
import type { Restarts } from "./restarts.js";
import { startShardLife, type ShardLife, type ShardLifeOptions } from "./shard-life.js";
import type { ShardThread } from "./thread-handles.js";

/** Calls that can be quarantined at a time: a thread each, of some 30 MB. */
export const quarantineMax = 4;

/** A life of a shard that is over. */
export type LostShard = ShardLoss & { readonly incarnation: number };
export type ShardPlace = { readonly shardIndex: number; readonly incarnation: number };

export type ShardPoolOptions = ShardLifeOptions & {
  readonly shardCount: number;
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
  /** Of quarantine shards: a call has it. */
  isTaken: boolean;
};

export class ShardPool {
  readonly #options: ShardPoolOptions;
  readonly #seats: Seat[];
  /** A quarantine shard without a call, or on its way. */
  #spare: Promise<ShardLife | undefined> | undefined;
  #readySpare: ShardLife | undefined;
  #spareCount = 0;
  #firstStart: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor(options: ShardPoolOptions) {
    this.#options = options;
    const count = options.shardCount + quarantineMax;
    const empty = { life: undefined, incarnation: 0, rings: [], isGivenUp: false, isTaken: false };
    this.#seats = Array.from({ length: count }, () => ({ ...empty }));
  }

  /** Starts the shards of the configuration. @throws {EngineError} why one could not start */
  async start(): Promise<void> {
    const starts = this.#ordinary.map((_, shardIndex) => this.#start(shardIndex));
    this.#firstStart = Promise.allSettled(starts);
    await Promise.all(starts);
    this.#keepSpare();
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
    const lives = [...this.#seats.map(({ life }) => life), this.#readySpare];
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

  /** A shard for one call alone; undefined when all are taken. */
  quarantine(): { readonly shardIndex: number; readonly isLive: boolean } | undefined {
    const { shardCount } = this.#options;
    const shardIndex = this.#seats.findIndex(({ isTaken }, at) => at >= shardCount && !isTaken);
    const seat = this.#seats[shardIndex];
    if (seat === undefined || this.#isStopping) return undefined;
    seat.isTaken = true;
    const ready = this.#readySpare;
    const spare = this.#spare;
    this.#readySpare = undefined;
    this.#spare = undefined;
    if (ready !== undefined) this.#seat(shardIndex, ready);
    else void this.#seatLater(shardIndex, spare ?? this.#startSpare());
    this.#keepSpare();
    return { shardIndex, isLive: ready !== undefined };
  }

  /** The call of a quarantine shard has ended: so does the shard. */
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
    await this.#firstStart;
    await this.#spare;
    const threads = this.threads();
    await Promise.all(threads.map((thread) => thread.stop({ kind: "stop" })));
  }

  get #ordinary(): readonly Seat[] {
    return this.#seats.slice(0, this.#options.shardCount);
  }

  async #start(shardIndex: number): Promise<void> {
    const life = await startShardLife(this.#options, { name: `shard-${shardIndex}`, shardIndex });
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
    const { shardCount, log, restarts, back } = this.#options;
    const { name } = life.thread;
    const why = error === undefined ? `exit code ${exitCode}` : toErrorData(error).message;
    log("error", "a thread is lost", { thread: name, why });
    seat.life = undefined;
    seat.isTaken = false;
    const isQuarantine = shardIndex >= shardCount;
    const { incarnation } = seat;
    if (!isQuarantine) {
      seat.isGivenUp = !restarts.again(name, async () => {
        await this.#start(shardIndex);
        back({ shardIndex, incarnation: seat.incarnation });
      });
    }
    this.#options.lost({ shardIndex, incarnation, isQuarantine, lastMark: life.lastMark() });
  }

  #keepSpare(): void {
    if (this.#isStopping || this.#spare !== undefined) return;
    const starting = this.#startSpare();
    this.#spare = starting;
    void starting.then((life) => {
      if (this.#spare !== starting || life === undefined) return;
      this.#readySpare = life;
      life.onLost(() => {
        if (this.#readySpare !== life) return;
        this.#readySpare = undefined;
        this.#spare = undefined;
      });
    });
  }

  /** @returns undefined when it does not start; a call that needs it then waits for the next try */
  async #startSpare(): Promise<ShardLife | undefined> {
    const shardIndex = this.#options.shardCount;
    const name = `quarantine-${(this.#spareCount += 1)}`;
    try {
      return await startShardLife(this.#options, { name, shardIndex });
    } catch (error) {
      this.#options.log("error", "a quarantine shard could not be started", {
        thread: name,
        ...toErrorData(error),
      });
      return undefined;
    }
  }
}
