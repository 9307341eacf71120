import { expect, test } from "vitest";
import { mediaClients } from "../../access/protocols/fuzz/fuzz-targets.js";
import { mediaProtocols } from "../../access/protocols/media-protocols.js";
import { virtualTime } from "../../base/virtual-time.js";
import { isKind, settlePorts, startGateway } from "../../test/support/gateway-rig.js";
import { memoryNetwork } from "../../test/support/memory-transport.js";
import { LegKeys, type KeySource } from "./leg-keys.js";

/** What comes of these: source, digit and time of each. */
function merged(told: readonly (readonly [KeySource, string, number])[]): string {
  const keys = new LegKeys();
  const digits = told.map(([source, digit, atMs]) => keys.add(digit, source, atMs)?.digit ?? "");
  expect(keys.newest.map(({ number }) => number)).toEqual(
    digits.filter((digit) => digit !== "").map((_, index) => index + 1),
  );
  return digits.join("");
}

test("a key that both tell of counts once, whoever is first", () => {
  const pairs = [
    ["media", "5", 0],
    ["trunk", "5", 300],
    ["trunk", "6", 1000],
    ["media", "6", 1050],
  ] as const;
  expect(merged(pairs)).toBe("56");
});

test("two presses of one key are two, in whatever order their words come", () => {
  expect(
    merged([
      ["media", "1", 0],
      ["media", "1", 150],
    ]),
  ).toBe("11");
  const interleaved = [
    ["media", "1", 0],
    ["media", "1", 150],
    ["trunk", "1", 400],
    ["trunk", "1", 500],
    ["media", "1", 900],
    ["trunk", "1", 950],
  ] as const;
  expect(merged(interleaved)).toBe("111");
});

test("who tells of it much later tells of another press", () => {
  expect(
    merged([
      ["media", "1", 0],
      ["trunk", "1", 2001],
    ]),
  ).toBe("11");
  expect(
    merged([
      ["trunk", "1", 0],
      ["media", "2", 10],
      ["media", "1", 20],
    ]),
  ).toBe("12");
});

test("a client that comes back is told how many of its own keys came", () => {
  const keys = new LegKeys();
  for (const [source, digit] of [
    ["trunk", "1"],
    ["media", "1"],
    ["media", "2"],
  ] as const) {
    keys.add(digit, source, 0);
  }
  expect([keys.mediaCount, keys.newest.length]).toEqual([2, 2]);
});

const named = Object.entries(mediaClients).filter(([, { protocol }]) => protocol !== "audiosocket");
const protocols = mediaProtocols();

test.each(named)("%s: a key by its stream and by the trunk is one key", async (_name, client) => {
  const time = virtualTime();
  const network = memoryNetwork(time);
  const rig = await startGateway({ time, transport: network.transport });
  const run = async (ms: number): Promise<void> => {
    for (let ranMs = 0; ranMs < ms; ranMs += 10) {
      time.advance(10);
      await settlePorts();
    }
  };
  rig.expectCall("c1", "secret", 60_000);
  const { path } = protocols.find(({ name }) => name === client.protocol)!;
  const place = { callId: "c1", token: "secret", socket: network.open, time, listener: {} };
  const far = client.connect({ ...place, url: `ws://memory${path}` });
  await run(30);
  far.sendFrame(new Uint8Array(far.frameBytes));
  await run(30);
  const keypads = (): string[] =>
    rig.notices.items.filter(isKind("keypad")).map(({ digit }) => digit);
  // The stream's word first, then the trunk's; then the other way round.
  far.sendDtmf("7");
  await run(50);
  rig.gateway.receive({ kind: "pressKey", callId: "c1", digit: "7" });
  await run(50);
  rig.gateway.receive({ kind: "pressKey", callId: "c1", digit: "#" });
  await run(50);
  far.sendDtmf("#");
  await run(50);
  expect(keypads()).toEqual(["7", "#"]);
  far.hangup();
  rig.stop();
});
