/**
 * The callee's voice: speech by text, rendered in a thread of its own so that no call's 20 ms beat
 * ever waits for it, and kept, because callees repeat themselves.
 */
import { EngineError, fromErrorData, type ErrorData } from "../../base/errors.js";
import type { ThreadHandle, ThreadHost } from "../../base/ports.js";
import type { RenderedSpeech, RenderRequest } from "./speech-render.js";

/** To the voice thread. */
export type VoiceRequest = { readonly id: number; readonly request: RenderRequest };

/** From the voice thread. */
export type VoiceReply =
  | { readonly id: number; readonly ok: true; readonly speech: RenderedSpeech }
  | { readonly id: number; readonly ok: false; readonly error: ErrorData };

/** Texts that are kept; the oldest go first. */
const KEPT_MAX = 500;

type Waiting = {
  readonly resolve: (speech: RenderedSpeech) => void;
  readonly reject: (error: EngineError) => void;
};

export class Voice {
  readonly #threads: ThreadHost;
  readonly #entry: URL;
  readonly #kept = new Map<string, Promise<RenderedSpeech>>();
  readonly #waiting = new Map<number, Waiting>();
  #thread: ThreadHandle | undefined;
  #lastId = 0;

  /** @param entry the compiled `voice-main.ts` */
  constructor(threads: ThreadHost, entry: URL) {
    this.#threads = threads;
    this.#entry = entry;
  }

  /**
   * The speech of a text; nobody may write to its samples.
   *
   * @throws {EngineError} of the synthesizer, or `VOICE_LOST` when the thread ended
   */
  render(request: RenderRequest): Promise<RenderedSpeech> {
    const key = JSON.stringify([request.voice, request.rateHz, request.text]);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const speech = this.#ask(request);
    // What failed once may work the next time.
    speech.catch(() => this.#kept.delete(key));
    this.#kept.set(key, speech);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_MAX) break;
      this.#kept.delete(oldest);
    }
    return speech;
  }

  /** Ends the thread; what was asked for fails. */
  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  #ask(request: RenderRequest): Promise<RenderedSpeech> {
    this.#thread ??= this.#start();
    const id = (this.#lastId += 1);
    this.#thread.post({ id, request } satisfies VoiceRequest);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #start(): ThreadHandle {
    const thread = this.#threads.spawn({ name: "callee-voice", entry: this.#entry, data: {} });
    thread.onMessage((message) => this.#reply(message as VoiceReply));
    thread.onExit(({ exitCode }) => {
      this.#thread = undefined;
      const lost = [...this.#waiting.values()];
      this.#waiting.clear();
      const why = `the callee's voice thread ended with exit code ${exitCode}`;
      for (const { reject } of lost) reject(new EngineError("VOICE_LOST", why, { exitCode }));
    });
    return thread;
  }

  #reply(reply: VoiceReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.speech);
    else waiting?.reject(fromErrorData(reply.error));
  }
}
