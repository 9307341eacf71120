import { afterEach, expect, test } from "vitest";
import type { LegCommand } from "../../engine/control/messages.js";
import { feed, isKind, startGateway, type GatewayRig } from "../../test/support/gateway-rig.js";
import { AudioStore, FRAME_BYTES } from "./audio-store.js";
import type { LineEvents } from "./line.js";
import { LoadConnection } from "./load-connection.js";
import { NativeLine } from "./native-line.js";

const rigs: GatewayRig[] = [];
afterEach(() => {
  for (const rig of rigs.splice(0)) rig.stop();
});

/** A prompt whose nth frame is filled with n. */
const numbered = Uint8Array.from({ length: 40 * FRAME_BYTES }, (_, at) => at / FRAME_BYTES);
const isFrame = (one: Heard): one is number => typeof one === "number";
type Heard = number | string;

/** A call of the generator on a gateway: every frame of the store is filled with its number. */
async function call(isResuming = true) {
  const rig = await startGateway({ resumeKey: new Uint8Array(32).fill(7) });
  rigs.push(rig);
  rig.gateway.receive({
    kind: "addPrompt",
    prompt: { promptId: "p", formatKey: "pcmu/8000", audio: numbered },
  });
  rig.expectCall("c1", "secret");
  const heard = feed<Heard>();
  const events: LineEvents = {
    heardFrame: (_utterance, bytes, start) => heard.push(bytes[start]!),
    heardMark: (name) => heard.push(`mark ${name}`),
    cleared: () => heard.push("clear"),
    returned: () => undefined,
    lost: () => heard.push("lost"),
    resumed: () => heard.push("resumed"),
    broke: (what) => heard.push(`broke: ${what}`),
  };
  const said = Uint8Array.from({ length: 250 * FRAME_BYTES }, (_, at) => at / FRAME_BYTES);
  const store = new AudioStore([{ name: "all", audio: said }], "native");
  const connection = new LoadConnection({
    host: "127.0.0.1",
    port: Number(new URL(rig.url).port),
    path: "/media/native/v1",
    subprotocol: "voxtree.v1",
    isResuming,
    opened: () => heard.push("opened"),
    closed: () => heard.push("closed"),
  });
  const dial = { callId: "c1", token: "secret", url: rig.url };
  const line = new NativeLine({ wire: connection, store, dial, events });
  connection.begin(line);
  const { slot } = await rig.notices.find(isKind("legOpened"));
  const command = (what: object): void => rig.shard.postMessage({ ...what, slot } as LegCommand);
  command({ kind: "legTaken" });
  command({ kind: "playPrompt", utterance: 1, promptId: "p" });
  await heard.find((one): one is Heard => one === 5);
  return { rig, heard, line, connection, command };
}

test("a line that is cut goes on where it was: every frame and key is heard once, in order", async () => {
  const { rig, heard, line, connection, command } = await call();
  for (let frame = 0; frame < 10; frame += 1) line.sendFrame(frame);
  line.sendKey("1");
  await rig.notices.find(isKind("keypad"));
  connection.cut();
  await rig.notices.find(isKind("legAway"));
  await heard.find((one): one is Heard => one === "lost");
  for (let frame = 10; frame < 20; frame += 1) line.sendFrame(frame);
  line.sendKey("2");
  await rig.notices.find(isKind("legBack"));
  await heard.find((one): one is Heard => one === "resumed");
  for (let frame = 20; frame < 25; frame += 1) line.sendFrame(frame);
  await heard.find((one): one is Heard => one === "mark u1");
  expect(heard.items.filter(isFrame)).toEqual(Array.from({ length: 40 }, (_, nth) => nth));
  expect(heard.items.filter((one) => !isFrame(one))).toEqual([
    "opened",
    "lost",
    "resumed",
    "mark u1",
  ]);
  await rig.notices.count(2, isKind("keypad"));
  const keys = rig.notices.items.filter(isKind("keypad")).map(({ digit }) => digit);
  expect(keys).toEqual(["1", "2"]);
  const taken: (readonly [number, number])[] = [];
  rig.reader.drain(({ payload, mediaSamples }) => taken.push([payload[0]!, mediaSamples]), 999);
  expect(taken).toEqual(Array.from({ length: 25 }, (_, nth) => [nth, nth * FRAME_BYTES]));
  // The word of the resumption is good for the next one.
  connection.cut();
  await heard.count(2, (one) => one === "resumed");
  command({ kind: "hangup", reason: "over" });
  await heard.find((one): one is Heard => one === "closed");
});

test("where it is told not to, a line that is cut is gone", async () => {
  const { heard, connection } = await call(false);
  connection.cut();
  await heard.find((one): one is Heard => one === "closed");
  expect(heard.items).not.toContain("lost");
});
