/**
 * Random streams through real sockets: every connection comes to its end, nobody else notices, and
 * nothing is kept. Longer with `VOXTREE_FUZZ_SECONDS`, from another seed with `VOXTREE_FUZZ_SEED`.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { nodeTime } from "../../../base/node-ports.js";
import { seededRng } from "../../../test/simulation/seeded-rng.js";
import { assertEchoes, breathe, TransportBench } from "../transport-bench.js";
import { fuzzStream } from "./frame-fuzz.js";
import { createLeanTransport } from "./lean-transport.js";

const firstSeed = Number(process.env["VOXTREE_FUZZ_SEED"] ?? 1);
const seconds = Number(process.env["VOXTREE_FUZZ_SECONDS"] ?? 0);
const streamsMin = 120;
const mib = 2 ** 20;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Memory in use once what is not needed is gone. */
async function usedBytes(): Promise<number> {
  await breathe();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe("the lean transport on random streams", () => {
  it(
    "ends every connection, keeps the others and keeps nothing",
    async () => {
      const bench = await TransportBench.open(createLeanTransport());
      const other = await bench.client();
      const time = nodeTime();
      const endMs = time.nowMs() + seconds * 1000;
      let before = 0;
      let count = 0;
      for (; count < 2 * streamsMin || time.nowMs() < endMs; count++) {
        // What a first run leaves behind is code and caches.
        if (count === streamsMin) before = await usedBytes();
        const { cuts } = fuzzStream(seededRng(firstSeed + count));
        const client = await bench.client();
        for (const chunk of cuts[0].length < 400 ? cuts[0] : cuts[1].slice(0, 400)) {
          client.write(chunk);
          if (chunk.length % 3 === 0) await breathe();
        }
        if (count % 2 === 0) client.socket.end();
        else client.destroy();
        await bench.closed(count + 2);
        expect(bench.closedCount(count + 2), `seed ${firstSeed + count}`).toBe(1);
        await assertEchoes(other, `seed ${firstSeed + count}`);
        bench.forgetEnded();
      }
      expect(bench.failures).toEqual([]);
      expect(bench.listener.connectionCount).toBe(1);
      expect((await usedBytes()) - before).toBeLessThan(4 * mib);
      await bench.close();
    },
    60_000 + seconds * 1000,
  );
});
