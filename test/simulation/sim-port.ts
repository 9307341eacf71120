/**
 * Ways between threads: a pair of ports like Node's. What is posted is cloned, takes its time, and
 * waits until somebody listens; what was posted before its sender died still arrives.
 */
import type { MessagePort } from "node:worker_threads";
import type { SimLoop, ThreadTime } from "./sim-loop.js";

/** Carries one message: `arrive` is run when it gets there, or never, or twice. */
export type Carry = (message: unknown, receiver: ThreadTime, arrive: () => void) => void;

type Handler = (message: unknown) => void;

export class SimPort {
  /** The thread that has this end; another one once it was transferred. */
  owner: ThreadTime;
  peer!: SimPort;
  readonly #loop: SimLoop;
  readonly #carry: Carry;
  readonly #handlers: Handler[] = [];
  readonly #onClose: (() => void)[] = [];
  readonly #waiting: unknown[] = [];
  #isClosed = false;

  constructor(loop: SimLoop, owner: ThreadTime, carry: Carry) {
    this.#loop = loop;
    this.owner = owner;
    this.#carry = carry;
  }

  on(event: string, handler: Handler): void {
    if (event === "close") return void this.#onClose.push(handler as () => void);
    this.#handlers.push(handler);
    for (const message of this.#waiting.splice(0)) this.owner.soon(() => this.#deliver(message));
  }

  postMessage(message: unknown): void {
    if (this.#isClosed || this.peer.#isClosed || !this.owner.isAlive) return;
    const { peer } = this;
    const arrive = (): void => peer.owner.soon(() => peer.#deliver(structuredClone(message)));
    this.#carry(message, peer.owner, arrive);
  }

  /** Both ends hear of it; what is on its way to the other one still arrives, as in Node. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const end of [this, this.peer]) {
      end.owner.soon(() => {
        for (const run of end.#onClose.splice(0)) run();
        this.#loop.flush();
      });
    }
  }

  #deliver(message: unknown): void {
    if (this.#isClosed) return;
    if (this.#handlers.length === 0) return void this.#waiting.push(message);
    for (const handler of this.#handlers) handler(message);
  }
}

/** Two ends that belong to `owner` until one is transferred. */
export function simChannel(
  loop: SimLoop,
  owner: ThreadTime,
  carry: Carry,
): { readonly port1: MessagePort; readonly port2: MessagePort } {
  const port1 = new SimPort(loop, owner, carry);
  const port2 = new SimPort(loop, owner, carry);
  port1.peer = port2;
  port2.peer = port1;
  return { port1: port1 as never, port2: port2 as never };
}
