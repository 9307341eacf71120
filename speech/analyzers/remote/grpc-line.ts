/**
 * An analyzer behind gRPC, as `analyzer.proto` says: one stream for every call, on one connection
 * for all of a thread.
 */
import { fileURLToPath } from "node:url";
import type { ClientDuplexStream, Metadata, ServiceError } from "@grpc/grpc-js";
import { packageRoot } from "../../../base/compiled-entry.js";
import {
  credentialsOf,
  failureKindOf,
  loadService,
  metadataOf,
  type GrpcServiceOptions,
} from "../../vendors/grpc-service.js";
import type { AnalyzerStart } from "../analyzer.js";
import { readLabel } from "../label.js";
import type {
  AnalyzerInput,
  AnalyzerLine,
  AnalyzerSession,
  SessionEvent,
} from "./analyzer-line.js";

/** Where the service is written down; its server loads the same file. */
export const analyzerProto = fileURLToPath(new URL("speech/analyzers/analyzer.proto", packageRoot));

/** Messages that wait for a server that does not read: 3 s of audio. */
const waitingMax = 30;

type Stream = ClientDuplexStream<object, Output>;
type Output = {
  readonly label?: Readonly<Record<string, unknown>> & { readonly turnId: number };
  readonly done?: { readonly turnId: number };
};
type AnalyzerClient = { Analyze(metadata: Metadata): Stream; close(): void };

export class GrpcAnalyzerLine implements AnalyzerLine {
  readonly #client: AnalyzerClient;
  readonly #metadata: Metadata;

  constructor(options: GrpcServiceOptions) {
    const Service = loadService(analyzerProto, ["voxtree", "analyzer", "v1", "Analyzer"]);
    const made: unknown = new Service(new URL(options.url).host, credentialsOf(options));
    this.#client = made as AnalyzerClient;
    this.#metadata = metadataOf(options);
  }

  open(start: AnalyzerStart, listener: (event: SessionEvent) => void): AnalyzerSession {
    return new GrpcSession(this.#client.Analyze(this.#metadata), start, listener);
  }

  close(): void {
    this.#client.close();
  }
}

class GrpcSession implements AnalyzerSession {
  readonly #stream: Stream;
  readonly #listener: (event: SessionEvent) => void;
  #isClosed = false;

  constructor(stream: Stream, start: AnalyzerStart, listener: (event: SessionEvent) => void) {
    this.#stream = stream;
    this.#listener = listener;
    stream.on("data", (output: Output) => this.#hear(output));
    stream.on("error", (error: ServiceError) => {
      this.#fail(`ANALYZER_${failureKindOf(error)}`, error.details);
    });
    stream.on("end", () => this.#fail("ANALYZER_UNAVAILABLE", "the server ended the stream"));
    const { callId, language, rateHz } = start;
    stream.write({ start: { callId, language, rateHz } });
  }

  send(input: AnalyzerInput): boolean {
    // Texts are few, and worth more than audio.
    if (input.kind === "audio" && this.#stream.writableLength >= waitingMax) return false;
    if (this.#stream.writableLength >= 2 * waitingMax) return false;
    this.#stream.write(messageOf(input));
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#stream.cancel();
  }

  #hear({ label, done }: Output): void {
    if (this.#isClosed) return;
    if (done !== undefined) return this.#listener({ kind: "answered", turnId: done.turnId });
    const read = readLabel(label);
    if (label === undefined || read === undefined) return;
    const { turnId } = label;
    this.#listener({ kind: "label", label: turnId === 0 ? read : { ...read, turnId } });
  }

  #fail(code: string, message: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener({ kind: "failed", code, message: message.slice(0, 200) });
  }
}

function messageOf(input: AnalyzerInput): object {
  if (input.kind === "audio") {
    const { buffer, byteOffset, byteLength } = input.samples;
    return {
      audio: { pcm: Buffer.from(buffer, byteOffset, byteLength), isSpeech: input.isSpeech },
    };
  }
  const { kind, ...text } = input;
  return { [kind]: text };
}
