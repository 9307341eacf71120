/**
 * One connection to FreeSWITCH's Event Socket, for events and commands. It reconnects by itself
 * with a growing delay; what was missed meanwhile its owner must ask for, so it says when it is
 * back. Commands are never sent twice.
 *
 * Commands run as background jobs: an `api` command would hold up all others behind it. FreeSWITCH
 * takes them in order; the result of a job comes as an event with the id that we gave it.
 */
import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { EngineError } from "../../../base/errors.js";
import type { Time, Timer } from "../../../base/ports.js";
import { eslEvents, parseEslEvent, type EslEvent } from "./esl-event.js";
import { EslParser, type EslMessage } from "./esl-parser.js";

export type EslClientOptions = {
  readonly host: string;
  readonly port: number;
  /** Secret. */
  readonly password: string;
  readonly time: Time;
  readonly event: (event: EslEvent) => void;
  /** Events come from now on. */
  readonly connected: () => void;
  readonly lost: (why: string) => void;
};

const delayMsMin = 200;
const delayMsMax = 5000;
const connectMsMax = 5000;
/** FreeSWITCH takes a command at once; else it stalls, or its connection is half open. */
const replyMsMax = 5000;
/** The result of a job, unless it dials. */
const jobMsMax = 10_000;
/** So often we ask whether the other end is there. */
const askEveryMs = 10_000;
/** Commands without an answer: a switch that far behind does not get more. */
const pendingMax = 1000;

type Pending = { readonly settle: (reply: string) => void; readonly fail: (why: string) => void };

export class EslClient {
  readonly #options: EslClientOptions;
  #socket: Socket | undefined;
  /** Those whose reply has not come, in order. */
  #replies: Pending[] = [];
  readonly #jobs = new Map<string, Pending>();
  #delayMs = delayMsMin;
  readonly #timers = new Set<Timer>();
  #isUp = false;
  #isClosed = false;

  constructor(options: EslClientOptions) {
    this.#options = options;
    this.#connect();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  close(): void {
    this.#isClosed = true;
    this.#drop("closed");
    this.#cancelTimers();
  }

  /**
   * Runs a command as a background job; resolves with what it printed, without the line end.
   *
   * @param options `waitMsMax`: how long it may take; a dialling one waits for an answer
   * @throws {EngineError} `ESL_REFUSED` when FreeSWITCH did not take it; `ESL_LOST` when the
   *   connection went before the result came, so that nobody knows whether it was done
   */
  async job(command: string, options: { readonly waitMsMax?: number } = {}): Promise<string> {
    if (/[\r\n]/.test(command)) throw new EngineError("ESL_REFUSED", "a command is one line");
    if (!this.#isUp) throw new EngineError("ESL_LOST", "there is no connection to FreeSWITCH");
    if (this.#jobs.size >= pendingMax) {
      throw new EngineError("ESL_REFUSED", `${pendingMax} commands have no answer yet`);
    }
    const id = randomUUID();
    const result = this.#result(id, options.waitMsMax ?? jobMsMax);
    const reply = await this.#send(`bgapi ${command}\nJob-UUID: ${id}`).catch((error: unknown) => {
      this.#jobs.delete(id);
      result.catch(() => undefined);
      throw error;
    });
    if (reply.startsWith("+OK")) return result;
    this.#jobs.get(id)?.fail(reply);
    await result.catch(() => undefined);
    throw new EngineError("ESL_REFUSED", `FreeSWITCH took no command: ${reply}`);
  }

  #result(id: string, waitMsMax: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = this.#after(waitMsMax, () => {
        this.#jobs.get(id)?.fail(`no result within ${waitMsMax} ms`);
      });
      const over = (): void => {
        timer.cancel();
        this.#jobs.delete(id);
      };
      this.#jobs.set(id, {
        settle: (body) => (over(), resolve(body)),
        fail: (why) => (over(), reject(new EngineError("ESL_LOST", why))),
      });
    });
  }

  /** Sends one command and resolves with the text of its reply. */
  #send(lines: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = this.#after(replyMsMax, () =>
        this.#drop(`no reply to a command within ${replyMsMax} ms`),
      );
      this.#replies.push({
        settle: (reply) => (timer.cancel(), resolve(reply)),
        fail: (why) => (timer.cancel(), reject(new EngineError("ESL_LOST", why))),
      });
      this.#socket!.write(`${lines}\n\n`);
    });
  }

  #connect(): void {
    const { host, port } = this.#options;
    const socket = connect({ host, port, noDelay: true });
    const parser = new EslParser();
    this.#socket = socket;
    this.#after(connectMsMax, () => {
      if (this.#socket === socket && !this.#isUp) this.#drop(`no login in ${connectMsMax} ms`);
    });
    socket.on("data", (bytes) => {
      if (this.#socket !== socket) return;
      try {
        for (const message of parser.take(bytes)) this.#take(message);
      } catch (error) {
        if (this.#socket === socket) this.#drop(error instanceof Error ? error.message : "broken");
      }
    });
    const ended = (why: string) => (): void => {
      if (this.#socket === socket) this.#drop(why);
    };
    socket.on("error", (error) => ended(error.message)());
    socket.on("close", ended("closed"));
    socket.on("end", ended("closed by FreeSWITCH"));
  }

  #take({ headers, body }: EslMessage): void {
    switch (headers.get("Content-Type")) {
      case "auth/request":
        return void this.#login();
      case "command/reply":
        return this.#replies.shift()?.settle(headers.get("Reply-Text") ?? "");
      case "api/response":
        return this.#replies.shift()?.settle(body.trim());
      case "text/event-json":
        return this.#event(body);
      case "text/rude-rejection":
        return this.#drop("refused by the access list of FreeSWITCH (apply-inbound-acl)");
      default:
        return; // Log lines, a notice before it closes: nothing for us.
    }
  }

  #event(text: string): void {
    const event = parseEslEvent(text);
    if (event === undefined) return;
    if (event.name !== "BACKGROUND_JOB") return this.#options.event(event);
    this.#jobs.get(event.header("Job-UUID") ?? "")?.settle(event.body.trim());
  }

  async #login(): Promise<void> {
    const socket = this.#socket;
    try {
      const accepted = await this.#send(`auth ${this.#options.password}`);
      if (!accepted.startsWith("+OK")) return this.#drop(`login refused: ${accepted}`);
      const listening = await this.#send(`event json ${eslEvents}`);
      if (!listening.startsWith("+OK")) return this.#drop(`events refused: ${listening}`);
    } catch {
      return; // The connection is gone, which was told.
    }
    if (this.#socket !== socket || this.#isClosed) return;
    this.#isUp = true;
    this.#delayMs = delayMsMin;
    this.#watch();
    this.#options.connected();
  }

  /** A half-open connection would keep us deaf: a question that is not answered ends it. */
  #watch(): void {
    const socket = this.#socket;
    this.#after(askEveryMs, () => {
      if (this.#socket !== socket) return;
      this.#send("api uptime").then(
        () => this.#watch(),
        () => undefined,
      );
    });
  }

  /** The connection is over. What was under way has no answer any more. */
  #drop(why: string): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    this.#isUp = false;
    socket.on("error", () => undefined).destroy();
    this.#cancelTimers();
    const pending = [...this.#replies, ...this.#jobs.values()];
    this.#replies = [];
    for (const { fail } of pending) fail(`the connection to FreeSWITCH was lost: ${why}`);
    if (this.#isClosed) return;
    this.#options.lost(why);
    this.#after(this.#delayMs, () => this.#connect());
    this.#delayMs = Math.min(delayMsMax, this.#delayMs * 2);
  }

  #cancelTimers(): void {
    for (const timer of [...this.#timers]) timer.cancel();
  }

  #after(delayMs: number, run: () => void): Timer {
    const inner = this.#options.time.after(delayMs, () => {
      this.#timers.delete(timer);
      run();
    });
    const timer: Timer = {
      cancel: () => {
        this.#timers.delete(timer);
        inner.cancel();
      },
    };
    this.#timers.add(timer);
    return timer;
  }
}
