/**
 * Mock of a JSON-over-WebSocket recogniser. Every change of the text is sent, cumulative; after
 * `{"type":"end"}` comes the whole text once more with `"is_final":true`, and the connection is
 * ready for another utterance. Without an end message it answers all the same, as a server does
 * that knows none.
 */
import type { MockConnection } from "./mock-connection.js";
import { ToneListener } from "./tone-words.js";

const dataStart = '"data":"';

export function serveWebsocketJson({ socket, time, delayMs }: MockConnection): void {
  let listener: ToneListener | undefined;
  let rateHz = 0;
  let said = "";
  const send = (reply: object): void => {
    const text = JSON.stringify(reply);
    if (delayMs === 0) socket.send(text);
    else time.after(delayMs, () => socket.send(text));
  };
  const hear = (message: string): void => {
    if (listener === undefined) {
      const { format, rate } = JSON.parse(message) as { format: unknown; rate: unknown };
      if (format !== "pcm" || (rate !== 8000 && rate !== 16_000)) {
        return send({ error: "format must be pcm, rate 8000 or 16000", code: 400 });
      }
      rateHz = rate;
      listener = new ToneListener(rate);
    } else if (!message.includes(`"rate":${rateHz},`)) {
      return send({ error: "the rate changed within an utterance", code: 400 });
    }
    const start = message.indexOf(dataStart) + dataStart.length;
    const bytes = Buffer.from(message.slice(start, message.indexOf('"', start)), "base64");
    listener.hear(new Int16Array(new Uint8Array(bytes).buffer));
    const { text } = listener;
    if (text !== said) send({ text });
    said = text;
  };
  socket.on("message", (data: Buffer) => {
    const message = data.toString("latin1");
    if (message.includes(dataStart)) return hear(message);
    if (!message.includes('"end"')) return send({ error: "not understood", code: 400 });
    listener?.end();
    send({ text: listener?.text ?? "", is_final: true });
    listener = undefined;
    said = "";
  });
  socket.on("error", () => socket.terminate());
}
