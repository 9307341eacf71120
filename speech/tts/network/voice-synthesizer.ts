/** The `Synthesizer` port over the voices of the configuration, the embedded ones behind them. */
import { readFileSync } from "node:fs";
import type { Rng, Time } from "../../../base/ports.js";
import type { VoiceVendorConfig } from "../../../config/schema.js";
import { speaks } from "../../vendors/language.js";
import { VendorHealth } from "../../vendors/vendor-health.js";
import { piecesOf } from "../ssml/pieces.js";
import type { SpeechPiece } from "../ssml/speech-piece.js";
import {
  failureData,
  type SpeechEvent,
  type SpeechRequest,
  type SpeechStream,
  type Synthesizer,
} from "../synthesizer.js";
import { EmbeddedLine, type RenderPiece } from "./embedded-line.js";
import {
  ResilientPiece,
  type PieceEvent,
  type ResilientVoiceOptions,
  type VoiceNotice,
  type VoiceSeat,
} from "./resilient-voice.js";
import { createLine } from "./voice-registry.js";

export type EmbeddedVoices = {
  readonly name: string;
  readonly render: RenderPiece;
  /** As of a seat. */
  readonly voiceOf: VoiceSeat["voiceOf"];
};

export type VoiceSynthesizerOptions = {
  /** In the order in which they are preferred; `streamsMax` is this thread's part of it. */
  readonly vendors: readonly VoiceVendorConfig[];
  readonly embedded?: EmbeddedVoices | undefined;
  readonly choose: ResilientVoiceOptions["choose"];
  readonly time: Time;
  readonly rng: Rng;
  readonly observe?: (notice: VoiceNotice) => void;
};

export interface VoiceSynthesizer extends Synthesizer {
  /** Closes connections that nobody uses. */
  close(): void;
}

/** A rendering in a pool: somebody else watches how long it takes. */
const embeddedMsMax = 15_000;
const embeddedStreamsMax = 1000;

/** @throws {Error} when a vendor's `caFile` cannot be read */
export function createVoiceSynthesizer(options: VoiceSynthesizerOptions): VoiceSynthesizer {
  const { time, rng, choose, observe = () => undefined, embedded } = options;
  const health = (): VendorHealth => new VendorHealth({ clock: time, rng });
  const seats = options.vendors.map((config): VoiceSeat => {
    const ca = config.caFile === undefined ? undefined : readFileSync(config.caFile, "utf8");
    const line = createLine({ config, ca, time });
    const voiceOf = (voice: string, language: string) => vendorVoice(config, voice, language);
    return { ...config, line, health: health(), streams: 0, voiceOf };
  });
  if (embedded !== undefined) seats.push(embeddedSeat(embedded, time, health()));
  const resilient = { seats, time, choose, observe };
  return {
    open: (request, listener) => new RequestStream(resilient, request, listener),
    close() {
      for (const { line } of seats) line.close();
    },
  };
}

function embeddedSeat(embedded: EmbeddedVoices, time: Time, health: VendorHealth): VoiceSeat {
  const { name, render, voiceOf } = embedded;
  return {
    name,
    health,
    line: new EmbeddedLine(render, time),
    isOurs: true,
    streamsMax: embeddedStreamsMax,
    streams: 0,
    voiceOf,
    speed: 1,
    firstSoundMsMax: embeddedMsMax,
    stallMsMax: embeddedMsMax,
  };
}

/** What the vendor calls a flow's voice; undefined when it has none for it. */
export function vendorVoice(
  { voices, voice: standing, languages }: VoiceVendorConfig,
  voice: string,
  language: string,
): string | undefined {
  if (!speaks(languages, language)) return undefined;
  if (voices !== undefined && Object.hasOwn(voices, voice)) return voices[voice];
  return standing ?? (voices === undefined ? voice : undefined);
}

/** One text, piece by piece. */
class RequestStream implements SpeechStream {
  readonly #options: ResilientVoiceOptions;
  readonly #request: SpeechRequest;
  readonly #listener: (event: SpeechEvent) => void;
  #waiting: SpeechPiece[] = [];
  #running: ResilientPiece | undefined;
  #isStandIn = false;
  #isOver = false;

  constructor(
    options: ResilientVoiceOptions,
    request: SpeechRequest,
    listener: (event: SpeechEvent) => void,
  ) {
    this.#options = options;
    this.#request = request;
    this.#listener = listener;
    try {
      this.#waiting = piecesOf(request);
    } catch (error) {
      options.time.soon(() => this.#end({ kind: "failed", error: failureData(error) }));
      return;
    }
    const [first] = this.#waiting;
    // A mark, and the end of nothing, are told later: never before `open` has returned.
    if (first !== undefined && first.marks === undefined) this.#next();
    else options.time.soon(() => this.#next());
  }

  cancel(): void {
    this.#isOver = true;
    this.#running?.cancel();
  }

  #next(): void {
    if (this.#isOver) return;
    const piece = this.#waiting.shift();
    if (piece === undefined) return this.#end({ kind: "end", isStandIn: this.#isStandIn });
    for (const name of piece.marks ?? []) this.#listener({ kind: "mark", name });
    // Whoever hears of a mark may have enough.
    if (this.#isOver) return;
    if (piece.plain.length === 0) return this.#next();
    const { voice, language } = this.#request;
    const request = { piece, voice, language };
    this.#running = new ResilientPiece(this.#options, request, (event) => this.#hear(event));
  }

  #hear(event: PieceEvent): void {
    if (this.#isOver) return;
    if (event.kind === "audio") this.#listener(event);
    else if (event.kind === "failed") this.#end(event);
    else {
      this.#isStandIn ||= event.isStandIn;
      this.#next();
    }
  }

  #end(event: SpeechEvent): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener(event);
  }
}
