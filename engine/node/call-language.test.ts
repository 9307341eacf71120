import { describe, expect, test } from "vitest";
import { compileFlow } from "../../dialog/flow-compiler.js";
import type { CallRequest } from "../engine-node.js";
import { inLanguage } from "./call-check.js";
import { checkLanguages } from "./call-language.js";
import type { LibraryFlow } from "./flow-library.js";

function flowOf(id: string, language: string, more = ""): [string, LibraryFlow] {
  const source = `
id: ${id}
language: ${language}
voice: slt
start: bye
${more}
states: { bye: { say: Goodbye., end: done } }
`;
  const fileName = `${id}.yaml`;
  return [id, { flow: compileFlow(source, { fileName }), fileName, source }];
}

const flows = new Map([
  flowOf("ask", "en-US", "languages: { zh-CN: ask-zh, yue: ask-yue }"),
  flowOf("ask-zh", "zh-CN"),
  flowOf("ask-yue", "yue"),
]);
const request = (language?: string): CallRequest => ({
  userId: "u1",
  flow: "ask",
  trunk: "t",
  to: "1",
  ...(language === undefined ? {} : { language }),
});

describe("the language of a contact", () => {
  test.each([
    [undefined, "ask"],
    ["en-US", "ask"],
    ["en", "ask"],
    ["en-GB", "ask"],
    ["zh-CN", "ask-zh"],
    ["zh", "ask-zh"],
    ["zh-TW", "ask-zh"],
    ["yue", "ask-yue"],
    ["YUE-HK", "ask-yue"],
  ])("%s is spoken by %s", (language, flow) => {
    expect(inLanguage(request(language), flows).flow).toBe(flow);
  });

  test("that no flow speaks is refused with those that there are", () => {
    expect(() => inLanguage(request("fr"), flows)).toThrow(
      'flow "ask" does not speak fr; it has en-US, zh-CN, yue',
    );
  });
});

describe("flows that name one another", () => {
  test("fit together", () => expect(() => checkLanguages(flows)).not.toThrow());

  test.each([
    ["languages: { zh: nowhere }", /"nowhere" is not loaded/],
    ["languages: { fr: ask-zh }", /"ask-zh" speaks zh-CN/],
    ["languages: { zh: asks-more }", /needs variables that this flow does not have: name/],
  ])("%s is refused", (more, why) => {
    const library = new Map([
      ...flows,
      flowOf("asks-more", "zh-CN", "variables: { name: Li }"),
      flowOf("other", "en-US", more),
    ]);
    expect(() => checkLanguages(library)).toThrow(why);
  });
});
