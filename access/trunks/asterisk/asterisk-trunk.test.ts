import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { nodeTime } from "../../../base/node-ports.js";
import type { Trunk, TrunkAttempt, TrunkEvent } from "../trunk.js";
import { createAsteriskTrunk } from "./asterisk-trunk.js";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const json = (status: number, body: unknown): Answer => {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
};

/** Asterisk's side, as a test wants it to behave: the real one is in `test/telephony`. */
class FakeAri {
  readonly requests: string[] = [];
  readonly events: WebSocket[] = [];
  /** By method and path; whatever is not here is answered with 200 and `{}`. */
  readonly answers = new Map<string, Answer>();
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #waiting: { readonly pattern: RegExp; readonly resolve: () => void }[] = [];

  constructor() {
    this.answers.set("GET /ari/channels", json(200, []));
    this.answers.set("GET /ari/bridges", json(200, []));
    this.#server = createServer((request, response) => {
      const line = `${request.method} ${new URL(request.url!, "http://a").pathname}`;
      this.requests.push(line);
      (this.answers.get(line) ?? json(200, {}))(request, response);
      for (const { pattern, resolve } of this.#waiting) if (pattern.test(line)) resolve();
    });
    this.#sockets = new WebSocketServer({ server: this.#server });
    this.#sockets.on("connection", (socket) => this.events.push(socket));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/ari`;
  }

  /** Resolves when a request like this has come. */
  asked(pattern: RegExp): Promise<void> {
    if (this.requests.some((line) => pattern.test(line))) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ pattern, resolve }));
  }

  say(event: object): void {
    this.events.at(-1)!.send(JSON.stringify(event));
  }

  close(): Promise<void> {
    for (const socket of this.events) socket.terminate();
    this.#sockets.close();
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

describe("a trunk through an Asterisk that misbehaves", () => {
  let ari: FakeAri;
  let trunk: Trunk;
  const logs: string[] = [];

  beforeEach(async () => {
    ari = new FakeAri();
    logs.length = 0;
    trunk = createAsteriskTrunk({
      name: "sip",
      address: { url: await ari.listen(), user: "u", password: "not-a-secret" },
      app: "voxtree",
      endpoint: "PJSIP/{to}@trunk",
      mediaClient: "media",
      format: "slin16",
      time: nodeTime(),
      log: (_level, message) => void logs.push(message),
    });
    await trunk.start();
  });
  afterEach(async () => {
    await trunk.stop();
    await ari.close();
  });

  const originate = () => {
    const seen: TrunkEvent[] = [];
    let settle!: () => void;
    const ended = new Promise<void>((resolve) => (settle = resolve));
    const request = { callId: "c1", to: "+15550100", mediaUrl: "", token: "t", ringMsMax: 5000 };
    const attempt = trunk.originate(request, (event) => {
      seen.push(event);
      if (event.kind === "ended") settle();
    });
    return { attempt, seen, ended };
  };
  const destroyed = (id: string, cause: number): object => ({
    type: "ChannelDestroyed",
    channel: { id },
    cause,
  });

  const started = (id: string): object => ({ type: "StasisStart", channel: { id } });

  test("a refused request is a failed attempt with Asterisk's words", async () => {
    ari.answers.set("POST /ari/channels", json(400, { message: "Invalid endpoint" }));
    const { seen, ended } = originate();
    await ended;
    const cause = "HTTP 400: Invalid endpoint";
    expect(seen).toEqual([{ kind: "ended", outcome: "failed", cause }]);
    expect(trunk.health()).toEqual({ isUp: true, attempts: 0 });
  });

  test("keys of a callee who is connected are told, and nothing else that calls itself one", async () => {
    const { seen, attempt, ended } = originate();
    await ari.asked(/POST \/ari\/channels$/);
    const pressed = (digit: unknown): void =>
      ari.say({ type: "ChannelDtmfReceived", channel: { id: "voxtree.c1" }, digit });
    pressed("1");
    ari.say(started("voxtree.c1"));
    await ari.asked(/POST \/ari\/channels\/externalMedia|externalMedia/);
    ari.say(started("voxtree.c1.media"));
    await ari.asked(/addChannel/);
    await expect
      .poll(() => {
        pressed("7");
        return seen.some(({ kind }) => kind === "dtmf");
      })
      .toBe(true);
    for (const digit of ["d", "12", "x", "", 5]) pressed(digit);
    await expect.poll(() => seen.at(-1)).toEqual({ kind: "dtmf", digit: "D" });
    attempt.hangup();
    ari.say(destroyed("voxtree.c1", 16));
    await ended;
    expect(new Set(seen.flatMap((event) => (event.kind === "dtmf" ? [event.digit] : [])))).toEqual(
      new Set(["7", "D"]),
    );
  });

  test("a request whose answer is lost is not repeated: Asterisk is asked what became of it", async () => {
    ari.answers.set("POST /ari/channels", (request) => request.socket.destroy());
    const { seen, ended } = originate();
    await ari.asked(/GET \/ari\/channels\/voxtree.c1/);
    ari.say(destroyed("voxtree.c1", 17));
    await ended;
    expect(seen).toMatchObject([{ outcome: "busy" }]);
    expect(ari.requests.filter((line) => line === "POST /ari/channels")).toHaveLength(1);
  });

  test("a request that Asterisk never got has failed", async () => {
    ari.answers.set("POST /ari/channels", (request) => request.socket.destroy());
    ari.answers.set("GET /ari/channels/voxtree.c1", json(404, { message: "Channel not found" }));
    const { seen, ended } = originate();
    await ended;
    expect(seen).toMatchObject([{ outcome: "failed", cause: expect.any(String) as string }]);
  });

  test("half messages, foreign events and unknown channels disturb nobody", async () => {
    const { seen, ended } = originate();
    await ari.asked(/POST \/ari\/channels/);
    const socket = ari.events.at(-1)!;
    for (const text of ['{"type":"StasisSt', "[]", "null", '{"type":"Dial"}', '{"type":7}']) {
      socket.send(text);
    }
    ari.say({ type: "StasisStart", channel: { id: "somebody-else" } });
    ari.say({ type: "ChannelDestroyed", channel: {}, cause: "x" });
    ari.say(destroyed("voxtree.c1", 34));
    await ended;
    expect(seen).toMatchObject([{ outcome: "congestion", cause: "Q.850 34" }]);
  });

  test("events that come twice, or out of order, are told once", async () => {
    const { seen, ended } = originate();
    await ari.asked(/POST \/ari\/channels/);
    const dial = (dialstatus: string): object => ({
      type: "Dial",
      peer: { id: "voxtree.c1" },
      dialstatus,
    });
    for (const status of ["RINGING", "RINGING", "PROGRESS", "PROGRESS"]) ari.say(dial(status));
    const start = started("voxtree.c1");
    ari.say(start);
    ari.say(start);
    ari.say(dial("RINGING"));
    ari.say(destroyed("voxtree.c1", 0));
    ari.say(destroyed("voxtree.c1", 16));
    await ended;
    expect(seen.map(({ kind }) => kind)).toEqual(["ringing", "earlyMedia", "answered", "ended"]);
    expect(seen[3]).toEqual({ kind: "ended", outcome: "answered", cause: "Q.850 16" });
  });

  test("what was missed while the event socket was away is asked for", async () => {
    const { seen, ended } = originate();
    await ari.asked(/POST \/ari\/channels/);
    ari.events.at(-1)!.terminate();
    await ended;
    expect(seen).toMatchObject([{ outcome: "unknown" }]);
    expect(logs).toContain("the trunk lost its Asterisk");
  });

  test("an answer that was missed opens the media", async () => {
    const { seen, attempt, ended } = originate();
    await ari.asked(/POST \/ari\/channels$/);
    ari.answers.set("GET /ari/channels", json(200, [{ id: "voxtree.c1", state: "Up" }]));
    ari.events.at(-1)!.terminate();
    await ari.asked(/externalMedia/);
    expect(seen).toEqual([{ kind: "answered" }]);
    attempt.hangup();
    ari.say(destroyed("voxtree.c1", 16));
    await ended;
  });

  test("a media channel that comes after the hang-up is taken away when it is there", async () => {
    let create = (): void => undefined;
    ari.answers.set("POST /ari/channels/externalMedia", (request, response) => {
      create = () => json(200, {})(request, response);
    });
    const { ended } = originate();
    await ari.asked(/POST \/ari\/channels$/);
    ari.say(started("voxtree.c1"));
    await ari.asked(/externalMedia/);
    ari.say(destroyed("voxtree.c1", 16));
    await ended;
    // The trunk has had its turn: nothing is taken away that is not there.
    ari.say(started("voxtree.stranger"));
    await ari.asked(/DELETE \/ari\/channels\/voxtree.stranger/);
    expect(ari.requests.some((line) => /DELETE .*c1.media/.test(line))).toBe(false);
    create();
    await ari.asked(/DELETE \/ari\/channels\/voxtree.c1.media/);
    await ari.asked(/DELETE \/ari\/bridges\/voxtree.c1.bridge/);
  });

  test("channels of an earlier life are hung up, those of others are left alone", async () => {
    const channels = [{ id: "voxtree.old" }, { id: "other.1" }, { name: "no id" }];
    ari.answers.set("GET /ari/channels", json(200, channels));
    ari.events.at(-1)!.terminate();
    await ari.asked(/DELETE \/ari\/channels\/voxtree.old/);
    await expect.poll(() => trunk.health().isUp).toBe(true);
    expect(ari.requests.filter((line) => line.startsWith("DELETE"))).toHaveLength(1);
  });

  test("of an earlier life, who was handed on in the dialplan is left alone", async () => {
    const channels = [{ id: "voxtree.a" }, { id: "voxtree.a.target" }, { id: "voxtree.b" }];
    ari.answers.set("GET /ari/channels", json(200, channels));
    const bridges = [
      { bridge_class: "basic", channels: ["voxtree.a", "voxtree.a.target"] },
      { bridge_class: "stasis", channels: ["voxtree.b"] },
      null,
    ];
    ari.answers.set("GET /ari/bridges", json(200, bridges));
    ari.events.at(-1)!.terminate();
    await ari.asked(/DELETE \/ari\/channels\/voxtree.b$/);
    await expect.poll(() => trunk.health().isUp).toBe(true);
    expect(ari.requests.filter((line) => line.startsWith("DELETE"))).toHaveLength(1);
  });

  /** A callee who talks to us. */
  const bridged = async () => {
    const call = originate();
    await ari.asked(/POST \/ari\/channels$/);
    ari.say(started("voxtree.c1"));
    await ari.asked(/externalMedia/);
    ari.say(started("voxtree.c1.media"));
    await ari.asked(/addChannel/);
    await expect.poll(() => isReady(call.attempt)).toBe(true);
    return call;
  };
  /** Whether a transfer would be begun; the number says that it is none. */
  const isReady = async (attempt: TrunkAttempt): Promise<boolean> => {
    ari.answers.set("POST /ari/channels", json(400, { message: "not yet" }));
    const why = await attempt.transfer("x").catch((error: unknown) => (error as Error).message);
    return /not yet/.test(String(why));
  };

  test("a dialplan without a place for them keeps a transferred callee in our own bridge", async () => {
    const { attempt, seen, ended } = await bridged();
    ari.answers.delete("POST /ari/channels");
    const variable = "GET /ari/channels/voxtree.c1.target/variable";
    ari.answers.set(variable, json(200, { value: "0" }));
    const transferred = attempt.transfer("+15550101");
    ari.say(started("voxtree.c1.target"));
    await transferred;
    const isAdd = (line: string): boolean => line.endsWith("/addChannel");
    expect(ari.requests.filter(isAdd)).toHaveLength(2);
    expect(ari.requests.some((line) => line.endsWith("/continue"))).toBe(false);
    await expect.poll(() => seen.map(({ kind }) => kind)).toContain("transferred");
    ari.say(destroyed("voxtree.c1.target", 16));
    await ari.asked(/DELETE \/ari\/channels\/voxtree.c1$/);
    ari.say(destroyed("voxtree.c1", 16));
    await ended;
    expect(seen.at(-1)).toMatchObject({ outcome: "answered" });
  });

  test("who answers a transfer whose request was given up for lost is hung up on", async () => {
    const { attempt, ended } = await bridged();
    ari.answers.set("POST /ari/channels", (request) => request.socket.destroy());
    await expect(attempt.transfer("+15550101")).rejects.toMatchObject({ code: "TRUNK_TRANSFER" });
    ari.say(started("voxtree.c1.target"));
    await ari.asked(/DELETE \/ari\/channels\/voxtree.c1.target/);
    ari.say(destroyed("voxtree.c1", 16));
    await ended;
  });

  test("while Asterisk is away nobody is dialled", async () => {
    await ari.close();
    await expect.poll(() => trunk.health().isUp).toBe(false);
    const { seen, ended } = originate();
    await ended;
    expect(seen).toMatchObject([
      { outcome: "failed", cause: expect.stringMatching(/down/) as string },
    ]);
  });
});

test("a trunk without an Asterisk does not start, and says where it looked", async () => {
  const trunk = createAsteriskTrunk({
    name: "sip",
    address: { url: "http://127.0.0.1:9/ari", user: "u", password: "p" },
    app: "voxtree",
    endpoint: "PJSIP/{to}@trunk",
    mediaClient: "media",
    format: "slin16",
    // Ten seconds of patience pass at once.
    log: () => undefined,
    time: { ...nodeTime(), after: (ms, run) => nodeTime().after(ms / 100, run) },
  });
  await expect(trunk.start()).rejects.toThrowError(
    /trunk sip: no Asterisk at http:\/\/127.0.0.1:9/,
  );
});
