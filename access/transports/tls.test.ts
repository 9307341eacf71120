import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { generate } from "selfsigned";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { nodeTime } from "../../base/node-ports.js";
import { virtualTime } from "../../base/virtual-time.js";
import { readCertificate, watchCertificate, type Certificate } from "../security/certificate.js";
import { createLeanTransport } from "./lean/lean-transport.js";
import type { Listener } from "./transport.js";
import { createWsTransport } from "./ws-transport.js";

const folder = mkdtempSync(join(tmpdir(), "voxtree-tls-"));
let [one, other]: Certificate[] = [];

async function certificateFor(name: string): Promise<Certificate> {
  const pems = await generate([{ name: "commonName", value: name }], { algorithm: "sha256" });
  return { cert: pems.cert, key: pems.private };
}

beforeAll(async () => {
  [one, other] = await Promise.all([certificateFor("one"), certificateFor("other")]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const drivers = [createLeanTransport(), createWsTransport()];

describe.each(drivers)("TLS on the $name driver", (transport) => {
  let listener: Listener;
  afterEach(() => listener.close());

  async function listen(handshakeMsMax = 5000): Promise<void> {
    listener = await transport.listen({
      host: "127.0.0.1",
      port: 0,
      messageBytesMax: 65_536,
      bufferedBytesMax: 65_536,
      handshakeMsMax,
      idleMsMax: 30_000,
      time: nodeTime(),
      tls: one!,
      accept: () => ({ ok: true }),
      connected: (connection) =>
        connection.listen({
          message: (data) =>
            connection.send(typeof data === "string" ? data : new Uint8Array(data)),
          closed: () => undefined,
        }),
    });
  }

  const dial = () =>
    new WebSocket(`wss://127.0.0.1:${listener.port}/`, { rejectUnauthorized: false });
  const opened = (socket: WebSocket) =>
    new Promise<void>((resolve) => socket.once("open", resolve));
  const nameShown = async (socket: WebSocket): Promise<string | undefined> => {
    await opened(socket);
    const tls = (socket as unknown as { _socket: TLSSocket })._socket;
    const { CN } = tls.getPeerCertificate().subject;
    return Array.isArray(CN) ? CN[0] : CN;
  };

  it("carries messages, and shows another certificate once it is given one", async () => {
    await listen();
    const first = dial();
    expect(await nameShown(first)).toBe("one");
    listener.renewTls?.(other!);
    const second = dial();
    expect(await nameShown(second)).toBe("other");
    const heard = new Promise<string>((resolve) =>
      first.once("message", (data) => resolve((data as Buffer).toString())),
    );
    first.send("still here");
    expect(await heard).toBe("still here");
    first.terminate();
    second.terminate();
  });

  it("drops whoever does not finish its handshake, of TLS or of HTTP, and keeps who did", async () => {
    await listen(300);
    const friend = dial();
    await opened(friend);
    const silent = connectTcp(listener.port, "127.0.0.1");
    const mute = connectTls({ port: listener.port, host: "127.0.0.1", rejectUnauthorized: false });
    const ends = [silent, mute].map((socket) => {
      socket.on("error", () => undefined);
      socket.resume();
      return new Promise<void>((resolve) => socket.once("close", () => resolve()));
    });
    const plain = connectTcp(listener.port, "127.0.0.1");
    plain.on("error", () => undefined);
    plain.resume();
    plain.write("GET / HTTP/1.1\r\n\r\n");
    await Promise.all([
      ...ends,
      new Promise<void>((resolve) => plain.once("close", () => resolve())),
    ]);
    expect(friend.readyState).toBe(WebSocket.OPEN);
    friend.terminate();
  });
});

describe("a certificate in files", () => {
  it("is read again when the files change, if the two fit", () => {
    const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
    const write = ({ cert, key }: Certificate, atSeconds: number): void => {
      writeFileSync(files.certFile, cert);
      writeFileSync(files.keyFile, key);
      for (const file of Object.values(files)) utimesSync(file, atSeconds, atSeconds);
    };
    write(one!, 1000);
    expect(readCertificate(files)).toEqual(one);
    const time = virtualTime();
    const told: unknown[] = [];
    const watch = watchCertificate(files, time, {
      changed: (certificate) => told.push(certificate),
      failed: (error) => told.push((error as { code: string }).code),
    });
    time.advance(60_000);
    write({ cert: other!.cert, key: one!.key }, 2000);
    time.advance(30_000);
    write(other!, 3000);
    time.advance(90_000);
    expect(told).toEqual(["CERTIFICATE", other]);
    watch.stop();
    expect(time.pendingCount).toBe(0);
  });

  it("says which file cannot be used", () => {
    const files = { certFile: "/nowhere/cert.pem", keyFile: "/nowhere/key.pem" };
    expect(() => readCertificate(files)).toThrowError("/nowhere/cert.pem");
  });
});
