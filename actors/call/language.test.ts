/** A callee who talks another language than the flow: what the dialog makes of it. */
import { describe, expect, test } from "vitest";
import { compileFlow } from "../../dialog/flow-compiler.js";
import { castRig } from "../../test/support/cast-rig.js";

const english = `
id: ask
language: en-US
voice: slt
languages: { zh-CN: ask-zh }
start: time
variables: { name: { example: Li } }
defaults: { silence: { then: bye } }
states:
  time:
    say: Do you have time?
    expect: { intents: { confirm: { phrases: ["yes"] }, deny: { phrases: ["no"] } } }
    on: { confirm: bye, deny: bye }
    noMatch: { say: Sorry?, max: 2, then: bye }
  bye: { say: "Goodbye, {{name}}.", end: done }
`;

const chinese = `
id: ask-zh
language: zh-CN
voice: cmn
hearing: { dialect: zh-sichuan }
start: time
variables: { name: { example: 李 } }
defaults: { silence: { then: bye } }
states:
  time:
    say: 您有时间吗？
    expect: { intents: { confirm: { phrases: [有, 有时间] }, deny: { phrases: [没有] } } }
    on: { confirm: bye, deny: bye }
    noMatch: { say: 对不起？, max: 2, then: bye }
  bye: { say: "再见，{{name}}。", end: done }
`;

function calling() {
  const flows = [english, chinese].map((source) => compileFlow(source, { fileName: "t.yaml" }));
  const grammars: string[] = [];
  const asked: { text: string; voice: string; language: string }[] = [];
  const inner = castRig({ flow: english, hasRecognizer: true, variables: { name: "Li" } });
  const rig = castRig({
    flow: english,
    hasPrompts: false,
    variables: { name: "Li" },
    ports: {
      flow: (id) => flows.find((flow) => flow.id === id)!,
      recognizer: {
        ratesHz: [8000],
        open(options, listener) {
          grammars.push(options.grammar.language);
          return inner.ports.recognizer!.open(options, listener);
        },
      },
    },
    synthesize(request) {
      asked.push(request);
      return Promise.resolve({ rateHz: 8000, samples: new Int16Array(800).fill(3000) });
    },
  });
  let utterance = 0;
  const playOut = async (): Promise<void> => {
    await rig.settle();
    for (const entry of rig.media.filter(({ kind }) => kind === "open")) {
      if (entry.kind !== "open" || entry.utterance <= utterance) continue;
      utterance = entry.utterance;
      rig.started(utterance);
      rig.ended(utterance);
    }
    await rig.settle();
  };
  const say = async (text: string, language?: string): Promise<void> => {
    await rig.talk(600);
    await rig.silence(1500);
    inner.streams.at(-1)!.emit({
      kind: "final",
      text,
      isRejected: false,
      ...(language === undefined ? {} : { language }),
    });
    await playOut();
  };
  const languages = () =>
    rig.events.flatMap((event) => (event.kind === "language" ? [event.language] : []));
  return { rig, grammars, asked, say, playOut, languages };
}

describe("a callee in another language", () => {
  test("what they say is taken in their own, and answered in it", async () => {
    const call = calling();
    call.rig.answer();
    await call.playOut();
    await call.say("有时间", "zh");
    expect(call.languages()).toEqual(["zh-CN"]);
    expect(call.asked.at(-1)).toEqual({ text: "再见，Li。", voice: "cmn", language: "zh-CN" });
    expect(call.rig.outcome()).toBe("done");
  });

  test("what is no answer there is asked again there; ears and memory go along", async () => {
    const call = calling();
    call.rig.answer();
    await call.playOut();
    await call.say("你是谁", "zh");
    expect(call.asked.at(-1)).toMatchObject({ text: "您有时间吗？", language: "zh-CN" });
    expect(call.rig.memories.at(-1)!.snapshot).toMatchObject({ flow: "ask-zh", state: "time" });
    await call.say("没有");
    expect(call.grammars).toEqual(["en-US", "zh-sichuan"]);
    expect(call.rig.outcome()).toBe("done");
  });

  test.each([
    ["an answer that is understood changes nothing, whatever the vendor believes", "yes", "zh"],
    ["a language that the flow does not name changes nothing", "oui oui", "fr"],
    ["a recogniser that does not tell changes nothing", "有时间", undefined],
  ])("%s", async (_name, text, language) => {
    const call = calling();
    call.rig.answer();
    await call.playOut();
    await call.say(text, language);
    expect(call.languages()).toEqual([]);
    expect(call.asked.at(-1)!.language).toBe("en-US");
  });
});
