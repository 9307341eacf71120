/**
 * Entry of a mock model of voices in a process of its own, over HTTP or gRPC: its embedding is the
 * loudness of sixteen parts of the speech, so that it depends on what it got. The scenario is the
 * key that it is asked with.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, ServerCredentials, status, type sendUnaryData } from "@grpc/grpc-js";
import type { ServerUnaryCall } from "@grpc/grpc-js";
import { loadService } from "../../vendors/grpc-service.js";
import { voiceprintProto } from "../remote-model.js";

type Request = { readonly pcm: Buffer };

function embeddingOf(pcm: Buffer): number[] {
  const part = Math.floor(pcm.length / 2 / 16);
  return Array.from({ length: 16 }, (_, index) => {
    let sum = 0;
    for (let at = index * part; at < (index + 1) * part; at += 1) {
      sum += Math.abs(pcm.readInt16LE(at * 2));
    }
    return sum / part;
  });
}

function serveHttp(): void {
  const server = createServer((request, response) => {
    const scenario = (request.headers.authorization ?? "").replace("Bearer ", "");
    let body = "";
    request.on("data", (bytes: Buffer) => (body += bytes.toString()));
    request.on("end", () => {
      const { audio } = JSON.parse(body) as { audio: string };
      if (scenario === "silent") return;
      if (scenario === "denied") return void response.writeHead(401).end();
      if (scenario === "nonsense") return void response.end('{"embedding": [1, "2"]}');
      response.end(JSON.stringify({ embedding: embeddingOf(Buffer.from(audio, "base64")) }));
    });
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}

function serveGrpc(): void {
  const server = new Server();
  const { service } = loadService(voiceprintProto, ["voxtree", "voiceprint", "v1", "VoiceModel"]);
  server.addService(service, {
    Embed({ request, metadata }: ServerUnaryCall<Request, object>, done: sendUnaryData<object>) {
      const scenario = String(metadata.get("authorization")[0]).replace("Bearer ", "");
      if (scenario === "silent") return;
      if (scenario === "denied") return done({ code: status.UNAUTHENTICATED, details: "no" });
      if (scenario === "nonsense") return done(null, { embedding: [1] });
      done(null, { embedding: embeddingOf(request.pcm) });
    },
  });
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.send?.(port);
  });
}

if (process.argv[2] === "http") serveHttp();
else serveGrpc();
process.once("disconnect", () => process.exit(0));
