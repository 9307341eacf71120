/** The trunk's end of a callee process: starts it, sends to it, and learns when it is gone. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { compiledEntry } from "../../base/compiled-entry.js";
import { EngineError } from "../../base/errors.js";
import type { Time, Timer } from "../../base/ports.js";
import type {
  CalleeCommand,
  CalleeNotice,
  CalleeSettings,
  RecognitionState,
} from "./callee-messages.js";

/** Loading the recogniser takes most of the start. */
const READY_MS_MAX = 15_000;
/** From the polite word to the end; then it is killed. */
const STOP_MS_MAX = 4000;
/** What is kept of its standard error for the message about its end. */
const LAST_WORDS_CHARACTERS = 600;

export type CalleeHostListener = {
  notice(notice: CalleeNotice): void;
  /** The process is gone; told once, nothing comes after it. */
  gone(why: string): void;
};

export class CalleeHost {
  readonly #child: ChildProcess;
  readonly #time: Time;
  readonly #ready: Promise<RecognitionState>;
  readonly #exited: Promise<void>;
  #settleReady: { resolve(state: RecognitionState): void; reject(error: EngineError): void };
  #lastWords = "";
  #isGone = false;

  /** @throws {EngineError} `NOT_BUILT` */
  constructor(settings: CalleeSettings, time: Time, listener: CalleeHostListener) {
    this.#time = time;
    const entry = fileURLToPath(compiledEntry("engine/loopback/callee-main.js"));
    const child = fork(entry, [], {
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    this.#settleReady = { resolve: () => undefined, reject: () => undefined };
    this.#ready = new Promise((resolve, reject) => (this.#settleReady = { resolve, reject }));
    // Whoever waits for it gets the error; nobody has to.
    this.#ready.catch(() => undefined);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_CHARACTERS);
    });
    child.on("message", (notice: CalleeNotice) => this.#notice(notice, listener));
    this.#exited = new Promise((resolve) => {
      const gone = (why: string): void => {
        if (this.#isGone) return;
        this.#isGone = true;
        this.#settleReady.reject(new EngineError("TRUNK_DOWN", why));
        listener.gone(why);
        resolve();
      };
      child.on("error", (error) => gone(`callee process could not run: ${error.message}`));
      child.on("close", (code, signal) => gone(this.#obituary(code, signal)));
    });
    this.send({ kind: "configure", settings });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(command: CalleeCommand): void {
    if (!this.#child.connected) return;
    // A failed send means that the process is going; its exit tells.
    this.#child.send(command, () => undefined);
  }

  /** Resolves when it can take calls. @throws {EngineError} `TRUNK_DOWN` */
  async ready(): Promise<RecognitionState> {
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      const why = `callee process was not ready within ${READY_MS_MAX} ms`;
      timer = this.#time.after(READY_MS_MAX, () => reject(new EngineError("TRUNK_DOWN", why)));
    });
    try {
      return await Promise.race([this.#ready, late]);
    } finally {
      timer?.cancel();
    }
  }

  /** Hangs everything up and ends the process; resolves when it is gone. */
  async stop(): Promise<void> {
    this.send({ kind: "stop" });
    const timer = this.#time.after(STOP_MS_MAX, () => this.#child.kill("SIGKILL"));
    await this.#exited;
    timer.cancel();
  }

  #notice(notice: CalleeNotice, listener: CalleeHostListener): void {
    if (this.#isGone) return;
    if (notice.kind === "ready") this.#settleReady.resolve(notice.recognition);
    if (notice.kind === "unusable") {
      const why = `callee process cannot work: ${notice.message}`;
      this.#settleReady.reject(new EngineError("TRUNK_DOWN", why, { code: notice.code }));
    }
    listener.notice(notice);
  }

  #obituary(code: number | null, signal: NodeJS.Signals | null): string {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    const words = this.#lastWords.trim();
    return `callee process ended with ${how}${words === "" ? "" : `: ${words}`}`;
  }
}
