/**
 * Mock of a JSON-over-WebSocket recogniser. Every change of the text is sent, cumulative; after
 * `{"type":"end"}` comes the whole text once more with `"is_final":true`, and the connection is
 * ready for another utterance. A client that sends no end message gets texts all the same.
 */
import type { MockConnection } from "./mock-connection.js";
import { ToneListener } from "./tone-words.js";

const dataStart = '"data":"';

export function serveWebsocketJson({ send, onMessage, scenario, query }: MockConnection): void {
  const only = query.get("rate");
  let listener: ToneListener | undefined;
  let rateHz = 0;
  let said = "";
  const refuse = (error: string): void => send({ error, code: 400 });
  const begin = (message: string): ToneListener | undefined => {
    const { format, rate } = JSON.parse(message) as { format: unknown; rate: unknown };
    const isRate = only === null ? rate === 8000 || rate === 16_000 : rate === Number(only);
    if (format !== "pcm" || !isRate) return void refuse("format must be pcm, rate one of ours");
    rateHz = rate as number;
    return new ToneListener(rateHz);
  };
  const hear = (message: string): void => {
    listener ??= begin(message);
    if (listener === undefined) return;
    if (!message.includes(`"rate":${rateHz},`)) return refuse("the rate changed");
    const start = message.indexOf(dataStart) + dataStart.length;
    const bytes = Buffer.from(message.slice(start, message.indexOf('"', start)), "base64");
    if (bytes.length % 2 !== 0) return refuse("half a sample");
    listener.hear(new Int16Array(new Uint8Array(bytes).buffer));
    const { text } = listener;
    if (text !== said && scenario === "error") send({ code: 500, message: "internal error" });
    else if (text !== said && scenario === "quota") send({ error: "quota exceeded", code: 429 });
    else if (text !== said) send({ text });
    said = text;
  };
  onMessage((data) => {
    const message = data.toString("latin1");
    if (message.includes(dataStart)) return hear(message);
    if (!message.includes('"end"')) return refuse("not understood");
    listener?.end();
    send({ text: listener?.text ?? "", is_final: true });
    if (scenario === "lateText") send({ text: "late", is_final: true });
    listener = undefined;
    said = "";
  });
}
