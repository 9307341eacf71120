/**
 * Random streams against the parser: cut differently they mean the same, and the reference (`ws`)
 * reads them as we do. `VOXTREE_FUZZ_SECONDS=60` runs for longer, `VOXTREE_FUZZ_SEED=7` starts at
 * another seed; a finding names the seed of its stream.
 */
import { describe, expect, it } from "vitest";
import * as ws from "ws";
import { nodeTime } from "../../../base/node-ports.js";
import { seededRng } from "../../../test/simulation/seeded-rng.js";
import { CLOSE } from "../transport.js";
import { fuzzStream, type FuzzStream } from "./frame-fuzz.js";
import { FrameParser } from "./frame-parser.js";

const firstSeed = Number(process.env["VOXTREE_FUZZ_SEED"] ?? 1);
const seconds = Number(process.env["VOXTREE_FUZZ_SECONDS"] ?? 0);
const streamsMin = 1000;

type Event = readonly [kind: string, ...rest: (string | number)[]];

/** What we make of it. A length that is not in its shortest form the reference lets pass. */
function readByUs(chunks: readonly Buffer[], messageBytesMax: number) {
  const events: Event[] = [];
  let isStricter = false;
  const parser = new FrameParser(
    {
      message: (data) =>
        events.push(
          typeof data === "string"
            ? ["text", data]
            : ["binary", Buffer.from(data).toString("base64")],
        ),
      ping: (payload) => events.push(["ping", Buffer.from(payload).toString("base64")]),
      peerClosed: (code, reason) => events.push(["close", code, reason]),
      peerBroke({ code, reason }) {
        isStricter = reason.includes("shortest form");
        events.push(["broke", code]);
      },
    },
    messageBytesMax,
  );
  let frames = 0;
  for (const chunk of chunks) frames += parser.take(Buffer.from(chunk));
  return { events, isStricter, frames };
}

type Reference = NodeJS.WritableStream & {
  on(event: string, run: (...args: never[]) => void): void;
};
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Reference };

/** What `ws` makes of it. */
function readByReference({ bytes, messageBytesMax }: FuzzStream): Event[] {
  const events: Event[] = [];
  const receiver = new Receiver({ isServer: true, maxPayload: messageBytesMax });
  receiver.on("message", (data: Buffer, isBinary: boolean) =>
    events.push(isBinary ? ["binary", data.toString("base64")] : ["text", data.toString()]),
  );
  receiver.on("ping", (data: Buffer) => events.push(["ping", data.toString("base64")]));
  receiver.on("conclude", (code: number, reason: Buffer) =>
    events.push(["close", code, reason.toString()]),
  );
  receiver.on("error", () => undefined);
  receiver.write(Buffer.from(bytes), (error?: (Error & { code?: string }) | null) => {
    if (error) events.push(["broke", codeOf(error.code)]);
  });
  return events;
}

function codeOf(reason = ""): number {
  if (reason === "WS_ERR_INVALID_UTF8") return CLOSE.invalidText;
  const isTooBig = /^WS_ERR_UNSUPPORTED_(MESSAGE|DATA_PAYLOAD)_LENGTH$/.test(reason);
  return isTooBig ? CLOSE.tooBig : CLOSE.protocolError;
}

describe("the frame parser on random streams", () => {
  it(
    "reads a stream alike however it is cut, and as the reference reads it",
    async () => {
      const time = nodeTime();
      const endMs = time.nowMs() + seconds * 1000;
      const seen = new Map<string, number>();
      let seed = firstSeed;
      for (; seed < firstSeed + streamsMin || time.nowMs() < endMs; seed++) {
        const stream = fuzzStream(seededRng(seed));
        const ours = readByUs([stream.bytes], stream.messageBytesMax);
        for (const chunks of stream.cuts) {
          expect(readByUs(chunks, stream.messageBytesMax), `seed ${seed}`).toEqual(ours);
        }
        const theirs = readByReference(stream);
        // Its errors come a tick later.
        await Promise.resolve();
        await new Promise<void>((resolve) => process.nextTick(resolve));
        const [mine, reference] = ours.isStricter
          ? [ours.events.slice(0, -1), theirs.slice(0, ours.events.length - 1)]
          : [ours.events, theirs];
        expect(mine, `seed ${seed}`).toEqual(reference);
        const [kind, code] = ours.events.at(-1) ?? ["nothing"];
        const end = kind === "broke" || kind === "close" ? `${kind} ${code}` : "open";
        seen.set(end, (seen.get(end) ?? 0) + 1);
      }
      // The streams reach every way in which a connection can end.
      for (const end of ["open", "broke 1002", "broke 1007", "broke 1009", "close 1000"]) {
        expect([...seen.keys()]).toContain(end);
      }
    },
    60_000 + seconds * 1000,
  );
});
