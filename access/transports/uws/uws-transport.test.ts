/**
 * The driver against what the documentation of `uWebSockets.js` promises, and, where the package is
 * installed, the conformance suite on the real one.
 */
import { describe, expect, it } from "vitest";
import { virtualTime } from "../../../base/virtual-time.js";
import { transportConformance } from "../transport-conformance.js";
import type { Connection, ListenOptions } from "../transport.js";
import {
  importUws,
  type UwsApp,
  type UwsBehavior,
  type UwsModule,
  type UwsResponse,
  type UwsSocket,
} from "./uws-api.js";
import { createUwsTransport } from "./uws-transport.js";

/**
 * Cases that `uWebSockets.js` does not pass by its nature: it drops a peer that breaks a rule
 * without a close frame, keeps handshake limits of its own, and shares ports between listeners.
 */
const departures: readonly RegExp[] = [
  /^closes with 10(02|07|09) on /,
  /with 1009 beyond it$|against the limit$/,
  /does not finish its handshake in time|half open|that never ends|no WebSocket handshake/,
  /names host and port when it cannot listen|no upgrade with an HTTP error/,
];

const uws = await importUws().catch((error: Error) => error);

describe("the uws transport on the real package", () => {
  if (uws instanceof Error) {
    console.warn(`NOT RUN: the conformance of the uws transport; ${uws.message.split("\n")[0]}`);
    it.skip("uWebSockets.js is not installed here: its conformance was not run");
    return;
  }
  for (const { name, run } of transportConformance(() => createUwsTransport(uws))) {
    it.skipIf(departures.some((pattern) => pattern.test(name)))(name, run);
  }
});

type Seat = { connection: Connection | undefined };

/** The module as documented, without sockets: the test plays the network. */
function documentedUws(canListen = true) {
  const said: unknown[] = [];
  let behavior!: UwsBehavior<Seat>;
  const app: UwsApp = {
    ws(_pattern, given) {
      behavior = given as never;
      return app;
    },
    any: () => app,
    listen(_host, _port, listening) {
      listening(canListen ? { listenSocket: true } : false);
      return app;
    },
  };
  const module: UwsModule = {
    App: () => app,
    us_listen_socket_close: () => void said.push("unlisten"),
    us_socket_local_port: () => 4711,
  };
  const response = {
    writeStatus: (status: string) => (said.push(status), response),
    writeHeader: (name: string, value: string) => (said.push([name, value]), response),
    end: (body: string, isLast: boolean) => (said.push([body, isLast]), response),
    getRemoteAddressAsText: () => new TextEncoder().encode("127.0.0.1").buffer,
    upgrade: (seat: Seat, ...rest: unknown[]) => {
      said.push(["upgrade", ...rest]);
      opened = seat;
    },
  } as unknown as UwsResponse;
  let opened: Seat | undefined;
  let isOpen = false;
  let buffered = 0;
  const closing = (code: number, reason: string): void => {
    expect(isOpen, "a closed socket must not be touched").toBe(true);
    isOpen = false;
    behavior.close(socket, code, new TextEncoder().encode(reason).buffer);
  };
  const socket: UwsSocket<Seat> = {
    getUserData: () => opened!,
    send(message, isBinary) {
      expect(isOpen, "a closed socket must not be touched").toBe(true);
      said.push([isBinary ? [...(message as Uint8Array)] : message]);
      return buffered > 0 ? 0 : 1;
    },
    ping: () => (said.push("ping"), 1),
    getBufferedAmount: () => buffered,
    end: (code, reason) => (said.push(["end", code, reason]), closing(code, reason)),
    close: () => (said.push("cut"), closing(1006, "")),
  };
  const connect = (headers: Record<string, string> = {}): void => {
    const all = { "sec-websocket-key": "key", ...headers };
    const request = {
      getUrl: () => "/echo",
      getQuery: () => "a=b",
      getHeader: (name: string) => (all as Record<string, string>)[name] ?? "",
      forEach: (each: (name: string, value: string) => void) =>
        Object.entries(all).forEach(([name, value]) => each(name, value)),
    };
    behavior.upgrade(response, request, "context");
    if (opened === undefined) return;
    isOpen = true;
    behavior.open(socket);
  };
  const holdBack = (bytes: number): void => void (buffered = bytes);
  const receive = (text: string, isBinary: boolean): void =>
    behavior.message(socket, new TextEncoder().encode(text).buffer, isBinary);
  const peerCloses = (): void => closing(4001, "bye");
  return { module, said, connect, receive, holdBack, peerCloses };
}

async function listening(change: Partial<ListenOptions> = {}) {
  const fake = documentedUws();
  const time = virtualTime();
  const ends: unknown[] = [];
  const failures: unknown[] = [];
  const listener = await createUwsTransport(fake.module).listen({
    host: "127.0.0.1",
    port: 0,
    messageBytesMax: 1000,
    bufferedBytesMax: 1000,
    handshakeMsMax: 1000,
    idleMsMax: 20_000,
    time,
    accept: ({ subprotocols: [subprotocol] }) =>
      subprotocol === undefined ? { ok: true } : { ok: true, subprotocol },
    failed: (error) => void failures.push(error),
    connected: (connection) =>
      connection.listen({
        message: (data) => connection.send(typeof data === "string" ? data : new Uint8Array(data)),
        closed: (...end) => void ends.push(end),
      }),
    ...change,
  });
  return { ...fake, time, ends, failures, listener };
}

describe("the uws transport against the documentation", () => {
  it("opens with the chosen subprotocol, and sends back text and bytes", async () => {
    const { said, connect, receive, listener } = await listening();
    connect({ "sec-websocket-protocol": "one, two" });
    receive("hé", false);
    receive("ab", true);
    expect(said).toEqual([["upgrade", "key", "one", "", "context"], ["hé"], [[97, 98]]]);
    expect([listener.port, listener.connectionCount]).toEqual([4711, 1]);
  });

  it("refuses with status, reason and the time to come again", async () => {
    const accept = () =>
      ({ ok: false, status: 503, reason: "full", retryAfterSeconds: 1.5 }) as const;
    const { said, connect, listener } = await listening({ accept });
    connect();
    expect(said[0]).toBe("503 Service Unavailable");
    expect(said).toContainEqual(["Retry-After", "2"]);
    expect(said.at(-1)).toEqual(["full\n", true]);
    expect(listener.connectionCount).toBe(0);
  });

  it("tells of the end once, whoever closes, and touches a closed socket no more", async () => {
    for (const close of ["peer", "we", "listener"]) {
      const { connect, peerCloses, receive, ends, listener } = await listening({
        ...(close === "we" && {
          connected: (connection: Connection) =>
            connection.listen({
              message() {
                connection.close(4001, "bye");
                connection.send("never");
                connection.close(1000, "twice");
              },
              closed: (...end) => void ends.push(end),
            }),
        }),
      });
      connect();
      if (close === "peer") peerCloses();
      if (close === "we") receive("x", false);
      if (close === "listener") await listener.close(4001, "bye");
      expect(ends, close).toEqual([[4001, "bye"]]);
      expect(listener.connectionCount).toBe(0);
    }
  });

  it("closes with 1013 who does not read, with 1011 whose handler throws", async () => {
    const slow = await listening();
    slow.connect();
    slow.holdBack(1001);
    slow.receive("x", false);
    expect(slow.ends).toEqual([[1013, "1001 bytes wait to be read, at most 1000 is right"]]);
    const thrown = await listening({
      connected: (connection) =>
        connection.listen({
          message() {
            throw new Error("ours");
          },
          closed: () => undefined,
        }),
    });
    thrown.connect();
    thrown.receive("x", false);
    expect(thrown.said).toContainEqual(["end", 1011, "internal error"]);
    expect(thrown.failures).toHaveLength(1);
  });

  it("asks who is quiet, and cuts off who stays so", async () => {
    const { time, said, connect, ends } = await listening();
    connect();
    time.advance(10_000);
    expect(said).toContain("ping");
    time.advance(10_000);
    expect(said).toContain("cut");
    expect(ends).toEqual([[1006, "nothing heard for 20000 ms"]]);
  });

  it("names host and port when it cannot listen", async () => {
    const { module } = documentedUws(false);
    const { time } = await listening();
    await expect(
      createUwsTransport(module).listen({
        host: "127.0.0.1",
        port: 80,
        time,
      } as unknown as ListenOptions),
    ).rejects.toThrow(/cannot listen on 127.0.0.1 port 80/);
  });
});
