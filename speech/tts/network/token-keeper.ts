/** A token that must be fetched before the first request: kept until it expires or is refused. */
import type { Agent } from "node:http";
import type { Time } from "../../../base/ports.js";
import { SynthesisError } from "../synthesizer.js";
import { asFields } from "../../vendors/vendor-failure.js";
import { startExchange } from "./http-exchange.js";
import { failureOf } from "./http-failure.js";
import type { HttpVoice } from "./voice-line.js";

/** Fetched anew before it expires. */
const marginMs = 60_000;
const answerMsMax = 5000;
const answerBytesMax = 64 * 1024;

export type TokenKeeperOptions = NonNullable<HttpVoice["token"]> & {
  readonly agent: Agent;
  readonly time: Time;
  readonly connectMsMax: number;
};

export class TokenKeeper {
  readonly #options: TokenKeeperOptions;
  #token: Promise<string> | undefined;
  #validUntilMs = 0;

  constructor(options: TokenKeeperOptions) {
    this.#options = options;
  }

  /**
   * The token; everybody who asks while it is fetched waits for that one.
   *
   * @throws {SynthesisError}
   */
  take(): Promise<string> {
    const { time } = this.#options;
    if (this.#token !== undefined && time.nowMs() < this.#validUntilMs) return this.#token;
    this.#validUntilMs = Infinity;
    const fetched = this.#fetch();
    this.#token = fetched;
    fetched.catch(() => this.forget());
    return fetched;
  }

  /** It was refused. */
  forget(): void {
    this.#token = undefined;
  }

  #fetch(): Promise<string> {
    const { time } = this.#options;
    return new Promise((resolve, reject) => {
      let status = 0;
      let body = "";
      const timer = time.after(answerMsMax, () => {
        abort();
        const message = `no token within ${answerMsMax} ms`;
        reject(new SynthesisError("SYNTHESIS_STALLED", message));
      });
      const failed = (error: SynthesisError): void => {
        timer.cancel();
        reject(error);
      };
      const abort = startExchange(this.#options, {
        head: (given) => (status = given),
        data: (bytes) =>
          (body += body.length > answerBytesMax ? "" : Buffer.from(bytes).toString()),
        end: () => {
          timer.cancel();
          const token = this.#read(status, body);
          if (token === undefined) return reject(tokenFailure(status, body));
          resolve(token);
        },
        failed,
      });
    });
  }

  #read(status: number, body: string): string | undefined {
    if (status !== 200) return undefined;
    try {
      const answer = this.#options.read(asFields(JSON.parse(body)) ?? {});
      if (answer === undefined) return undefined;
      this.#validUntilMs = this.#options.time.nowMs() + Math.max(0, answer.validMs - marginMs);
      return answer.token;
    } catch {
      // No JSON: the caller says so.
      return undefined;
    }
  }
}

/** Whoever is refused a token has the wrong key, whatever the words. */
function tokenFailure(status: number, body: string): SynthesisError {
  const failure = failureOf(status, body);
  const isKey = /invalid_client|unknown client|client_secret/i.test(body);
  return isKey ? new SynthesisError("SYNTHESIS_DENIED", failure.message) : failure;
}
