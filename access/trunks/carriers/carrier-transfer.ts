/**
 * A blind transfer through a carrier: it is told to connect the callee with somebody else. Telnyx
 * says what came of it, and keeps the callee for us until then; with the others the callee is gone
 * from us as soon as the carrier has taken the request, whoever answers; Plivo asks for whom.
 */
import { EngineError } from "../../../base/errors.js";
import type { Scheduler } from "../../../base/ports.js";
import type {
  CarrierCall,
  CarrierDialect,
  CarrierReply,
  CarrierTarget,
} from "./carrier-dialect.js";
import type { CarrierHttp } from "./carrier-http.js";

/** ITU-T E.164: what a carrier dials. */
export const numberPattern = /^\+[1-9]\d{3,14}$/;

type Settle = { readonly resolve: () => void; readonly reject: (error: EngineError) => void };

export type CarrierTransferOptions = {
  readonly dialect: CarrierDialect;
  readonly http: CarrierHttp;
  readonly call: CarrierCall;
  readonly time: Pick<Scheduler, "after">;
};

/** After the last moment at which the carrier should have told what came of it. */
const silenceMsMax = 15_000;

export class CarrierTransfer {
  readonly #options: CarrierTransferOptions;
  #target: CarrierTarget | undefined;
  #told: Settle | undefined;
  #isHandedOn = false;

  constructor(options: CarrierTransferOptions) {
    this.#options = options;
  }

  /** Asked for, and nobody knows yet what comes of it. */
  get isUnderWay(): boolean {
    return this.#target !== undefined && !this.#isHandedOn;
  }

  /** The callee is somebody else's. */
  get isHandedOn(): boolean {
    return this.#isHandedOn;
  }

  /** Whom the callee is to be connected with, for a carrier that asks again. */
  get target(): CarrierTarget | undefined {
    return this.#target;
  }

  /** Resolves when the callee is handed on. @throws {EngineError} `TRUNK_TRANSFER` */
  async to(to: string, carrierId: string): Promise<void> {
    if (!numberPattern.test(to)) throw failed("a carrier dials numbers like +15550100 (E.164)");
    if (this.#target !== undefined) throw failed("another transfer is under way");
    const { dialect, call, time } = this.#options;
    this.#target = { ...call, to };
    const isAwaited = dialect.isTransferTold === true || dialect.transferred !== undefined;
    const told = isAwaited ? this.#whenTold() : Promise.resolve();
    const timer = time.after(call.ringSeconds * 1000 + silenceMsMax, () => {
      this.settled(`${dialect.vendor} does not say what came of it`);
    });
    try {
      const reply = await this.#ask(carrierId, this.#target);
      if (reply.status >= 300) throw failed(dialect.refusalOf(reply).cause);
      await told;
      this.#isHandedOn = true;
    } finally {
      timer.cancel();
      this.#told = undefined;
      if (!this.#isHandedOn) this.#target = undefined;
    }
  }

  /** Somebody answered, or the carrier knows whom to dial; with a cause: nobody did. */
  settled(cause?: string): void {
    if (cause === undefined) this.#told?.resolve();
    else this.#told?.reject(failed(cause));
  }

  #whenTold(): Promise<void> {
    const told = new Promise<void>((resolve, reject) => (this.#told = { resolve, reject }));
    // Its request may be refused first, and nobody waits for it then.
    told.catch(() => undefined);
    return told;
  }

  async #ask(carrierId: string, target: CarrierTarget): Promise<CarrierReply> {
    const { dialect, http } = this.#options;
    try {
      return await http.once(dialect.transfer(carrierId, target));
    } catch (cause) {
      throw failed(`${dialect.vendor} does not answer: ${(cause as Error).message}`);
    }
  }
}

function failed(why: string): EngineError {
  return new EngineError("TRUNK_TRANSFER", `the transfer did not come about: ${why}`);
}
