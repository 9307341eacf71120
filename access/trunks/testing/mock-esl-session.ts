/**
 * One Event Socket connection as FreeSWITCH serves it: asks for the password, takes commands in
 * order, lets events come in between. What it writes is cut into pieces at odd places, as networks
 * do.
 */
import type { Socket } from "node:net";
import type { Time } from "../../../base/ports.js";

export type EslFaults = {
  /** Nothing is answered, nothing is told. */
  isStalled: boolean;
  /** The connection dies when this command comes, which is done all the same, or not. */
  dieAt: { readonly command: string; readonly isDone: boolean } | undefined;
};

export type MockEslOptions = {
  readonly socket: Socket;
  readonly password: string;
  readonly time: Time;
  readonly faults: EslFaults;
  /** Runs an API command; resolves with its output. */
  readonly run: (command: string) => Promise<string>;
};

export class MockEslSession {
  readonly #options: MockEslOptions;
  readonly #subscribed = new Set<string>();
  #text = "";
  #isIn = false;

  constructor(options: MockEslOptions) {
    this.#options = options;
    const { socket } = options;
    socket.setEncoding("utf8");
    socket.on("data", (text) => this.#take(String(text)));
    socket.on("error", () => undefined);
    this.#write("Content-Type: auth/request\n\n");
  }

  /** Tells an event to a client that asked for it. */
  event(name: string, headers: Readonly<Record<string, string>>, body?: string): void {
    if (!this.#subscribed.has(name)) return;
    const [event, subclass] = name.includes("::") ? ["CUSTOM", name] : [name, undefined];
    const fields = {
      "Event-Name": event,
      ...(subclass === undefined ? {} : { "Event-Subclass": subclass }),
      "FreeSWITCH-Hostname": "mock",
      "Caller-Caller-ID-Name": "安娜·米勒 🙂",
      ...headers,
      ...(body === undefined ? {} : { "Content-Length": String(body.length), _body: body }),
    };
    const json = JSON.stringify(fields);
    const length = Buffer.byteLength(json);
    this.#write(`Content-Length: ${length}\nContent-Type: text/event-json\n\n${json}`);
  }

  /** Bytes as they are. */
  raw(text: string): void {
    this.#write(text);
  }

  close(): void {
    this.#options.socket.destroy();
  }

  #take(text: string): void {
    this.#text += text;
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end === -1) return;
      const [command = "", ...headers] = this.#text.slice(0, end).split("\n");
      this.#text = this.#text.slice(end + 2);
      this.#command(command, headers);
    }
  }

  #command(command: string, headers: readonly string[]): void {
    const { password, faults } = this.#options;
    if (faults.isStalled) return;
    const { dieAt } = faults;
    if (dieAt !== undefined && command.includes(dieAt.command)) {
      faults.dieAt = undefined;
      if (dieAt.isDone) void this.#options.run(command.replace(/^bg?api /, ""));
      return this.close();
    }
    const [verb = "", ...words] = command.split(" ");
    if (!this.#isIn && verb !== "auth") return this.#reply("-ERR command not found");
    switch (verb) {
      case "auth":
        this.#isIn = words.join(" ") === password;
        return this.#reply(this.#isIn ? "+OK accepted" : "-ERR invalid");
      case "event":
        for (const name of words.slice(1)) this.#subscribed.add(name);
        return this.#reply(`+OK event listener enabled ${words[0]}`);
      case "bgapi":
        return this.#background(words.join(" "), headers);
      case "api":
        return void this.#options.run(words.join(" ")).then((output) => {
          const body = output === "" ? "-ERR no reply\n" : output;
          this.#write(
            `Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`,
          );
        });
      default:
        return this.#reply("-ERR command not found");
    }
  }

  #background(command: string, headers: readonly string[]): void {
    const line = headers.find((header) => header.startsWith("Job-UUID: "));
    const id = line?.slice("Job-UUID: ".length) ?? "none";
    this.#reply(`+OK Job-UUID: ${id}\nJob-UUID: ${id}`);
    void this.#options.run(command).then((output) => {
      this.event(
        "BACKGROUND_JOB",
        { "Job-UUID": id, "Job-Command": command.split(" ")[0]! },
        output,
      );
    });
  }

  #reply(text: string): void {
    this.#write(`Content-Type: command/reply\nReply-Text: ${text}\n\n`);
  }

  /** Cut in the middle, also of a character. */
  #write(text: string): void {
    const { socket, faults } = this.#options;
    if (faults.isStalled || socket.destroyed) return;
    const bytes = Buffer.from(text);
    const cut = Math.floor(bytes.length * 0.62);
    socket.write(bytes.subarray(0, cut));
    socket.write(bytes.subarray(cut));
  }
}
