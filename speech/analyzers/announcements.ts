/**
 * What words on a new line tell: that a machine takes messages, or that a network says why it
 * cannot put the call through. English and Mandarin; what is not here tells nothing.
 */
export type AnnouncementKind = "machine" | "invalid_number" | "unreachable";

/** The first kind that fits counts. Each line is one way to say it. */
const phrases: readonly (readonly [AnnouncementKind, readonly RegExp[]])[] = [
  [
    "invalid_number",
    [
      /not in service|does not exist|check the number|空号|号码不存在|号码有误|已停机|改号/i,
      /(has|have) been (disconnected|changed)|is disconnected|not a (working|valid) number/i,
      /(is|was) not recogni[sz]ed|number (is|was) (incorrect|invalid|unallocated|unassigned)/i,
    ],
  ],
  [
    "unreachable",
    [
      /(switched|turned) off|out of (the )?(coverage|service area|range)|not reachable/i,
      /cannot be reached|temporarily unavailable|关机|不在服务区|无法接通|暂时无法/i,
    ],
  ],
  [
    "machine",
    [
      /leave (us |me )?(a |your )?(short )?(message|name|number)|record your message/i,
      /(after|at) the (tone|beep)|voice ?mail|answering machine|you have reached/i,
      /(can ?not|can't|unable to) (come to|take your call|answer)|not available( right now)?/i,
      /语音信箱|留言|提示音后|嘀声后/,
    ],
  ],
];

/** What a text on the line announces; undefined for what people say. */
export function announcementIn(text: string): AnnouncementKind | undefined {
  return phrases.find(([, ways]) => ways.some((way) => way.test(text)))?.[0];
}

const english = [
  "the number you have dialed is not in service",
  "the number you have called is not in service",
  "the number you have dialed has been disconnected",
  "the number you have dialed does not exist",
  "please check the number",
  "the person you are calling is not available",
  "cannot be reached",
  "is switched off",
  "please leave a message",
  "leave a message after the tone",
  "please leave your message after the beep",
  "you have reached the voicemail",
] as const;
const mandarin = [
  "您拨打的号码是空号",
  "您拨打的电话已关机",
  "您拨打的电话无法接通",
  "请留言",
] as const;

/** What recognisers that want phrases listen for. @param language BCP 47 */
export function announcementPhrases(language: string): readonly string[] {
  return language.startsWith("zh") ? mandarin : english;
}

/** Words of a text; of Mandarin every two characters. */
export function wordCount(text: string): number {
  const mandarin = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  const others = text.replaceAll(/\p{Script=Han}/gu, " ").match(/[\p{L}\p{N}']+/gu)?.length ?? 0;
  return others + Math.ceil(mandarin / 2);
}
