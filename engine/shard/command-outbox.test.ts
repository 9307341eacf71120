import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import type { LegCommand, NumberedCommand } from "../control/messages.js";
import { CommandOrder } from "../gateway/command-order.js";
import { CommandOutbox } from "./command-outbox.js";

const clear = (slot: number, utterance: number): LegCommand => ({
  kind: "clear",
  slot,
  utterance,
});
const play = (slot: number, utterance: number): LegCommand => ({
  kind: "playPrompt",
  slot,
  utterance,
  promptId: "p",
});

/** Both ends of a way that does what the test says; `carry` is called for every sending. */
function rig(carry: (command: NumberedCommand, arrive: () => void) => void) {
  const time = virtualTime();
  const obeyed: NumberedCommand[] = [];
  const taken = new SharedArrayBuffer(4);
  const order = new CommandOrder(taken, (command) => obeyed.push(command));
  let sentCount = 0;
  const outbox = new CommandOutbox({
    time,
    taken,
    post(command) {
      sentCount += 1;
      carry(command, () => order.arrived(command));
    },
  });
  const told = () => obeyed.map(({ kind, slot }) => `${kind} ${slot}`);
  return { time, outbox, obeyed, told, sent: () => sentCount };
}

/** Loses the first so many sendings. */
function losing(count: number) {
  let left = count;
  return (_command: NumberedCommand, arrive: () => void): void => {
    if (left > 0) left -= 1;
    else arrive();
  };
}

describe("commands to the gateway", () => {
  test("go once, at once and cost no timer any more, where nothing is lost", () => {
    const { time, outbox, told, sent } = rig((_, arrive) => arrive());
    outbox.send(play(1, 1));
    outbox.send(clear(1, 1));
    expect(told()).toEqual(["playPrompt 1", "clear 1"]);
    time.advance(5000);
    outbox.send(play(1, 2));
    time.advance(5000);
    expect(sent()).toBe(3);
  });

  test.each([1, 2])("are heard within 100 ms, though %i sendings are lost", (lost) => {
    const { time, outbox, told } = rig(losing(lost));
    outbox.send(clear(1, 1));
    expect(told()).toEqual([]);
    time.advance(100);
    expect(told()).toEqual(["clear 1"]);
  });

  test("keep their order on a leg, and wait for no other leg", () => {
    const { time, outbox, told } = rig(losing(1));
    outbox.send(play(1, 1));
    outbox.send(play(1, 2));
    outbox.send(play(2, 1));
    expect(told()).toEqual(["playPrompt 2"]);
    time.advance(100);
    expect(told()).toEqual(["playPrompt 2", "playPrompt 1", "playPrompt 1"]);
  });

  test("that silence do not wait for their turn, and are obeyed once all the same", () => {
    const { time, outbox, told } = rig(losing(1));
    outbox.send(play(1, 1));
    outbox.send(clear(1, 1));
    expect(told()).toEqual(["clear 1"]);
    time.advance(100);
    expect(told()).toEqual(["clear 1", "playPrompt 1"]);
  });

  test("are repeated ever more slowly to a gateway that does not read, and not to one that is gone", () => {
    const { time, outbox, sent } = rig(() => undefined);
    outbox.send(clear(1, 1));
    time.advance(10_000);
    expect(sent()).toBeLessThan(20);
    const before = sent();
    outbox.close();
    time.advance(10_000);
    expect(sent()).toBe(before);
  });

  test("are obeyed once each, whatever the way loses, repeats and delays", () => {
    const fate = fc.constantFrom(..."drop arrive twice later".split(" "));
    fc.assert(
      fc.property(
        fc.array(fc.nat(2), { maxLength: 20 }),
        fc.array(fate, { maxLength: 40 }),
        (slots, fates) => {
          const left = [...fates];
          const { time, outbox, obeyed } = rig((_command, arrive) => {
            const next = left.shift();
            if (next === "drop") return;
            if (next === "later") return void time.after(45, arrive);
            arrive();
            if (next === "twice") arrive();
          });
          slots.forEach((slot, index) => outbox.send(play(slot, index + 1)));
          time.advance(60_000);
          for (const slot of [0, 1, 2]) {
            const numbers = obeyed.filter((one) => one.slot === slot).map(({ number }) => number);
            const all = slots.flatMap((each, index) => (each === slot ? index + 1 : []));
            expect(numbers).toEqual(all);
          }
        },
      ),
    );
  });
});
