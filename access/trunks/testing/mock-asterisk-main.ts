/**
 * Entry of an Asterisk without telephones: its REST interface and event socket in a process of its
 * own, which can be told to fail in every way a switch does. The real one is in `test/telephony`.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { nodeTime } from "../../../base/node-ports.js";
import { serveFarEnd } from "./far-end.js";
import { MockAri, type AriAnswer } from "./mock-ari.js";

export type MockAsteriskSettings = { readonly port?: number };

export type AriFault = {
  /** Of the request, e.g. `POST /channels`; from its beginning to its end. */
  readonly request: string;
  /** What is asked for is done all the same. */
  readonly isDone: boolean;
  readonly how:
    /** No answer. */
    | "stall"
    /** The connection dies instead of an answer. */
    | "cut"
    /** Half of an answer, and then nothing. */
    | "half"
    /** Half of an answer, and then the connection dies. */
    | "halfCut"
    /** A byte every now and then. */
    | "drip"
    /** 503. */
    | "trouble"
    /** 200, and what is no answer to this. */
    | "nonsense";
  /** So many requests meet it. */
  readonly times: number;
};

const settings = JSON.parse(process.argv[2] ?? "{}") as MockAsteriskSettings;
const time = nodeTime();
const sockets = new Set<WebSocket>();
let faults: { fault: AriFault; left: number }[] = [];
let isStalled = false;
let isMute = false;

const ari = new MockAri(time, (event) => {
  if (isMute || isStalled) return;
  for (const socket of sockets) socket.send(JSON.stringify(event));
});

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, "http://ari");
  const path = pathname.replace(/^\/ari/, "");
  const method = request.method!;
  if (isStalled) return;
  const fault = faultOf(`${method} ${path}`);
  if (fault?.isDone === false) ari.requests.push(`${method} ${path}`);
  const answer = fault?.isDone === false ? { status: 200 } : ari.run(method, path, searchParams);
  if (fault === undefined) return send(response, answer);
  spoil(response, answer, fault.how);
});

function faultOf(request: string): AriFault | undefined {
  const met = faults.find(
    ({ fault, left }) => left > 0 && new RegExp(`^${fault.request}$`).test(request),
  );
  if (met !== undefined) met.left -= 1;
  return met?.fault;
}

function send(response: ServerResponse, { status, body }: AriAnswer): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? "" : JSON.stringify(body));
}

function spoil(response: ServerResponse, { body = {} }: AriAnswer, how: AriFault["how"]): void {
  const text = JSON.stringify(body).padEnd(200);
  const begin = (): void => {
    response.writeHead(200, { "content-length": text.length });
  };
  switch (how) {
    case "stall":
      return;
    case "cut":
      return void response.destroy();
    case "trouble":
      return send(response, { status: 503, body: { message: "no server is available" } });
    case "nonsense":
      return void response.end("<html>It works!</html>");
    case "half":
    case "halfCut":
      begin();
      response.write(text.slice(0, text.length / 2));
      if (how === "halfCut") time.after(5, () => response.destroy());
      return;
    case "drip": {
      begin();
      let at = 0;
      const drop = (): void => {
        if (response.destroyed || at === text.length) return;
        response.write(text[at]!);
        at += 1;
        time.after(20, drop);
      };
      return drop();
    }
  }
}

const upgrades = new WebSocketServer({ noServer: true, autoPong: false });
server.on("upgrade", (request, socket, head) => {
  if (isStalled) return;
  upgrades.handleUpgrade(request, socket, head, (events) => {
    sockets.add(events);
    events.on("ping", (data) => {
      if (!isStalled) events.pong(data);
    });
    events.on("error", () => undefined);
    events.on("close", () => sockets.delete(events));
  });
});

server.listen(settings.port ?? 0, "127.0.0.1", () => {
  serveFarEnd((server.address() as AddressInfo).port, {
    channels: () => [...ari.channels.keys()],
    bridges: () => [...ari.bridges.keys()],
    requests: () => ari.requests,
    dialled: (id: string) => ari.dialled.get(id) ?? 0,
    keys: (id: string) => ari.channels.get(id)?.keys ?? "",
    /** Does a request that was stalled. */
    dial: (id: string) => {
      const query = new URLSearchParams({ channelId: id, endpoint: "PJSIP/answers@trunk" });
      ari.run("POST", "/channels", query);
    },
    hangup: (id: string) => ari.hangup(id),
    drop: () => {
      for (const socket of sockets) socket.terminate();
    },
    raw: (text: string) => {
      for (const socket of sockets) socket.send(text);
    },
    stall: (on: boolean) => void (isStalled = on),
    mute: (on: boolean) => void (isMute = on),
    fail: (fault: AriFault) => void faults.push({ fault, left: fault.times }),
    heal: () => void (faults = []),
  });
});
