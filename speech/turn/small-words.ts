/**
 * Words that say something about the turn itself: that one thinks, that more is to come, that one
 * listens. As `comparable` writes them; Han characters apart.
 */

import { comparable } from "../asr/comparable.js";

/** Said while looking for words; they mean nothing in front of an answer. */
export const openers: readonly string[] = [
  "um",
  "uh",
  "er",
  "erm",
  "hmm",
  "hm",
  "ah",
  "oh",
  "well",
  "so",
  "let me see",
  "let me think",
  "i think",
  "i guess",
  "嗯",
  "呃",
  "啊",
  "那 个",
  "这 个",
];

/** A sentence does not end in one of these. */
export const danglers: ReadonlySet<string> = new Set(
  (
    "um uh er erm hmm and but or because if that the a an my your his her our their to of for with " +
    "from in at on about is are was were i we they you it's i'm 嗯 呃 的 和 但 因 为"
  ).split(" "),
);

/** Shows that one listens. None of these asks us to stop. */
export const backchannels: readonly string[] = [
  "mhm",
  "mm",
  "mm hmm",
  "mm hm",
  "hmm",
  "hm",
  "uh huh",
  "uh-huh",
  "okay",
  "ok",
  "right",
  "i see",
  "yeah",
  "yep",
  "sure",
  "alright",
  "all right",
  "got it",
  "oh",
  "ah",
  "嗯",
  "嗯 嗯",
  "哦",
  "好",
  "对",
  "是 的",
];

/** Said to stop somebody who talks. */
export const interruptions: readonly string[] = [
  "stop",
  "stop it",
  "please stop",
  "wait",
  "wait a minute",
  "hold on",
  "excuse me",
  "sorry",
  "pardon",
  "hello",
  "no",
  "no no",
  "no no no",
  "not now",
  "who is this",
  "who are you",
  "what",
  "listen",
  "停",
  "等 一 下",
  "等 等",
  "不 要",
  "喂",
  "你 是 谁",
];

const listening = new Set(backchannels);
const stopping = new Set(interruptions);

/** Whether `text` shows that somebody listens, and nothing else. "" is no such thing. */
export function isOnlyBackchannel(text: string): boolean {
  return consistsOf(comparable(text), listening);
}

/** Whether `text` asks us to stop. */
export function asksToStop(text: string): boolean {
  return consistsOf(comparable(text), stopping);
}

/** One of `known`, or several in a row: "okay, right". */
function consistsOf(words: string, known: ReadonlySet<string>): boolean {
  if (words === "") return false;
  if (known.has(words)) return true;
  const parts = words.split(" ");
  return parts.some((_, at) => {
    if (at === 0 || !known.has(parts.slice(0, at).join(" "))) return false;
    return consistsOf(parts.slice(at).join(" "), known);
  });
}
