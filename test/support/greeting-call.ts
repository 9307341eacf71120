/** The conversation of the cast's tests, and a caller who answers it. */
import { castRig, type RigOptions } from "./cast-rig.js";

/** Two questions, then an end. */
export const greetingFlow = `
id: greeting-test
language: en-US
voice: slt
start: greeting
turns: { unknownSilenceMs: 460 }
states:
  greeting:
    say: Hello. Do you have a minute?
    expect:
      intents:
        confirm: { phrases: ["yes", "yes please"], keypad: "1" }
        deny: { phrases: ["no", "no thanks"], keypad: "2" }
    on: { confirm: offer, deny: bye, otherwise: greeting }
    silence: { afterMs: 3000, say: Are you still there?, max: 1, then: bye }
    noMatch: { say: Sorry?, max: 2, then: bye }
  offer:
    say: We have an offer for you. Do you want it?
    expect:
      intents:
        confirm: { phrases: ["yes"], keypad: "1" }
        deny: { phrases: ["no"], keypad: "2" }
    on: { confirm: sold, deny: bye }
    silence: { afterMs: 3000, say: Hello?, max: 1, then: bye }
    noMatch: { say: Sorry?, max: 2, then: bye }
  sold:
    say: Thank you.
    end: sold
  bye:
    say: Goodbye.
    end: refused
`;

export const rig = (options: Partial<RigOptions> = {}) =>
  castRig({ flow: greetingFlow, ...options });

/** A caller who says one phrase, and is silent until we have understood. */
export async function answerWith(call: ReturnType<typeof rig>, text: string) {
  // Sooner than this after their last words it would be the same turn, reopened.
  await call.silence(800);
  await call.talk(400);
  await call.silence(500);
  call.streams.at(-1)!.final(text);
  call.time.settle();
}
