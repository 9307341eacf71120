/**
 * Mock of Baidu real-time recognition: START with its credentials, audio no faster than speech (a
 * burst fails), heartbeats, errors of one sentence that leave the session alive, FINISH and close.
 */
import type { MockConnection } from "./mock-connection.js";
import { MockEar, pcmSamples, textOf } from "./mock-ear.js";
import type { HeardTone } from "./tone-words.js";

const rateHz = 16_000;
/** How far ahead of real time audio may be. */
const aheadMsMax = 1200;
const frameBytesMax = (rateHz * 2 * 200) / 1000;

type Start = { appid?: unknown; appkey?: unknown; sample?: unknown; format?: unknown };

export function serveBaidu({
  send,
  close,
  onMessage,
  scenario,
  query,
  time,
}: MockConnection): void {
  const ear = new MockEar(rateHz);
  let startedAtMs: number | undefined;
  const { answer, fail, sentence } = replies(send, query.get("sn") ?? "");
  const start = ({ appid, appkey, sample, format }: Start): void => {
    const isWrong = typeof appid !== "number" || appkey === undefined || sample !== rateHz;
    if (isWrong || format !== "pcm") {
      fail(-3004, "authentication failed", "START");
      return close();
    }
    startedAtMs = time.nowMs();
    answer("HEARTBEAT");
  };
  const control = ({ type, data }: { type: unknown; data?: Start }): void => {
    if (type === "START") return start(data ?? {});
    if (type === "CANCEL") return close();
    if (type !== "FINISH") return;
    sentence(ear.end());
    if (scenario === "lateText") answer("HEARTBEAT");
    close();
  };
  const hear = (data: Buffer): void => {
    const samples = pcmSamples(data);
    if (samples === undefined || data.length > frameBytesMax) return fail(-3006, "bad frame");
    if (startedAtMs === undefined) return close(1008, "not started");
    ear.hear(samples);
    if (ear.heardMs - (time.nowMs() - startedAtMs) > aheadMsMax) {
      fail(-3101, "audio faster than real time");
      return close();
    }
    if (scenario === "error" && ear.text !== "") return fail(-3015, "internal error");
    if (scenario === "quota" && ear.text !== "") return fail(3304, "quota exceeded");
    const done = ear.takeSentence();
    if (done !== undefined) return sentence(done);
    if (ear.isNews()) answer("MID_TEXT", { result: ear.text });
  };
  onMessage((data, isBinary) => {
    if (isBinary) hear(data);
    else control(JSON.parse(data.toString()) as { type: unknown; data?: Start });
  });
}

/** The server's messages; each sentence has a number of its own. */
function replies(send: MockConnection["send"], sn: string) {
  let sentences = 0;
  const answer = (type: string, fields: object = {}): void =>
    send({ err_no: 0, err_msg: "OK", log_id: 1, sn: `${sn}_ws_${sentences}`, type, ...fields });
  const fail = (errorNumber: number, words: string, type = "FIN_TEXT"): void =>
    answer(type, { err_no: errorNumber, err_msg: words });
  const sentence = (words: readonly HeardTone[]): void => {
    if (words.length === 0) fail(-3005, "asr server not find effective speech");
    else {
      const [start_time, end_time] = [words[0]!.startMs, words.at(-1)!.endMs];
      answer("FIN_TEXT", { result: textOf(words), start_time, end_time });
    }
    sentences += 1;
  };
  return { answer, fail, sentence };
}
