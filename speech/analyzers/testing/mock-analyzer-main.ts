/**
 * Entry of a mock analyzer in a process of its own: it speaks HTTP or gRPC to the letter, and its
 * labels say what it got (words, speech in ms, loudness), so that a test can tell.
 *
 *     node dist/speech/analyzers/testing/mock-analyzer-main.js '{"kind":"grpc"}'
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, ServerCredentials, status, type ServerDuplexStream } from "@grpc/grpc-js";
import { loadService } from "../../vendors/grpc-service.js";
import { analyzerProto } from "../remote/grpc-line.js";

export type MockAnalyzerScenario =
  "none" | "silent" | "errorIn200" | "halfJson" | "denied" | "quota" | "nonsense" | "dies" | "deaf";

export type MockAnalyzerSettings = {
  readonly kind: "http" | "grpc";
  readonly scenario?: MockAnalyzerScenario;
};

type Turn = { words: number; bytes: number; loudest: number };
type HttpTurn = { text: string; isFinal: boolean; audio?: string };
type Incoming = {
  readonly audio?: { readonly pcm: Buffer; readonly isSpeech: boolean };
  readonly final?: { readonly turnId: number; readonly text: string };
};

const { kind, scenario = "none" } = JSON.parse(process.argv[2] ?? "{}") as MockAnalyzerSettings;

function labelsOf({ words, bytes, loudest }: Turn) {
  const real = [
    { name: "words", value: String(words), score: 0.5 },
    { name: "bytes", value: String(bytes), score: 1 },
    { name: "loudest", value: String(loudest), score: 1 },
  ];
  if (scenario !== "nonsense") return real;
  return [{ name: "9", value: "a b" }, { name: "words" }, 7, { ...real[0], score: 12 }];
}

function loudestOf(pcm: Buffer): number {
  let loudest = 0;
  for (let at = 0; at + 1 < pcm.length; at += 2) loudest = Math.max(loudest, pcm.readInt16LE(at));
  return loudest;
}

function wordCount(text: string): number {
  return text.split(" ").filter((word) => word !== "").length;
}

/** @returns true when the answer is no answer */
function misbehaves(response: ServerResponse): boolean {
  switch (scenario) {
    case "silent":
      return true;
    case "errorIn200":
      response.end(JSON.stringify({ error: { code: 5, message: "model is broken" } }));
      return true;
    case "halfJson":
      response.end('{"labels": [{"name": "wo');
      return true;
    case "denied":
    case "quota":
      response.writeHead(scenario === "denied" ? 403 : 429).end("{}");
      return true;
    case "dies":
      process.exit(1);
      return true;
    default:
      return false;
  }
}

function serveHttp(): void {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (bytes: Buffer) => (body += bytes.toString()));
    request.on("end", () => {
      const { text, isFinal, audio = "" } = JSON.parse(body) as HttpTurn;
      if (misbehaves(response)) return;
      const pcm = Buffer.from(audio, "base64");
      const turn = { words: wordCount(text), bytes: pcm.length, loudest: loudestOf(pcm) };
      response.end(JSON.stringify({ labels: isFinal ? labelsOf(turn) : [] }));
    });
  });
  server.listen(0, "127.0.0.1", () => tell((server.address() as AddressInfo).port));
}

function fails(stream: ServerDuplexStream<Incoming, object>): boolean {
  const codes: Partial<Record<MockAnalyzerScenario, number>> = {
    errorIn200: status.INTERNAL,
    denied: status.PERMISSION_DENIED,
    quota: status.RESOURCE_EXHAUSTED,
  };
  const code = codes[scenario];
  if (code !== undefined) stream.emit("error", { code, details: "as the test wants it" });
  if (scenario === "dies") process.exit(1);
  return code !== undefined || scenario === "silent";
}

function serveGrpc(): void {
  const server = new Server();
  const turn: Turn = { words: 0, bytes: 0, loudest: 0 };
  const { service } = loadService(analyzerProto, ["voxtree", "analyzer", "v1", "Analyzer"]);
  server.addService(service, {
    Analyze(stream: ServerDuplexStream<Incoming, object>) {
      if (scenario === "deaf") return void stream.pause();
      stream.on("data", ({ audio, final }: Incoming) => {
        if (audio !== undefined) {
          turn.bytes += audio.pcm.length;
          turn.loudest = Math.max(turn.loudest, loudestOf(audio.pcm));
        }
        if (final === undefined || fails(stream)) return;
        turn.words = wordCount(final.text);
        const { turnId } = final;
        for (const label of labelsOf(turn)) {
          if (typeof label === "object") stream.write({ label: { ...label, turnId } });
        }
        stream.write({ done: { turnId } });
        Object.assign(turn, { words: 0, bytes: 0, loudest: 0 });
      });
      stream.on("end", () => stream.end());
    },
  });
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    tell(port);
  });
}

function tell(port: number): void {
  if (process.send === undefined) process.stdout.write(`${port}\n`);
  else process.send({ port });
}

if (kind === "http") serveHttp();
else serveGrpc();
process.once("disconnect", () => process.exit(0));
