/** A gateway for tests: over real sockets, in this thread, with the shard's ends in hand. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { mediaProtocols } from "../../access/protocols/media-protocols.js";
import { createLeanTransport } from "../../access/transports/lean/lean-transport.js";
import type { Transport } from "../../access/transports/transport.js";
import { createFrameRing, FrameRingReader, FrameRingWriter } from "../../base/frame-ring.js";
import { nodeTime } from "../../base/node-ports.js";
import type { Time } from "../../base/ports.js";
import { openOpus } from "../../codecs/audio/opus.js";
import { defaultConfig } from "../../config/default-config.js";
import type { GatewayConfig } from "../../config/schema.js";
import type {
  GatewayReport,
  LegCommand,
  LegNotice,
  NumberedCommand,
} from "../../engine/control/messages.js";
import { Gateway } from "../../engine/gateway/gateway.js";

/** A list that can be waited on: the next item that fits, past or future. */
export function feed<T>() {
  const items: T[] = [];
  const waiting: (() => void)[] = [];
  return {
    items,
    push(item: T) {
      items.push(item);
      for (const run of waiting.splice(0)) run();
    },
    async find<S extends T>(fits: (item: T) => item is S): Promise<S> {
      for (;;) {
        const found = items.find(fits);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    /** Resolves when that many items fit. */
    async count(wanted: number, fits: (item: T) => boolean): Promise<readonly T[]> {
      for (;;) {
        const found = items.filter(fits);
        if (found.length >= wanted) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

export const isKind =
  <T extends { kind: string }, K extends T["kind"]>(kind: K) =>
  (item: T): item is Extract<T, { kind: K }> =>
    item.kind === kind;

/** Messages between threads do not wait for virtual time: lets those on their way arrive. */
export async function settlePorts(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export type GatewayRig = Awaited<ReturnType<typeof startGateway>>;

/** Starts a gateway with one shard attached; `stop` ends both. */
export async function startGateway(
  options: {
    readonly config?: Partial<GatewayConfig>;
    readonly time?: Time;
    readonly transport?: Transport;
    readonly resumeKey?: Uint8Array;
  } = {},
) {
  const reports = feed<GatewayReport>();
  const notices = feed<LegNotice>();
  const config = { ...defaultConfig().gateway, port: 0, ...options.config };
  const gateway = new Gateway({
    config,
    time: options.time ?? nodeTime(),
    transport: options.transport ?? createLeanTransport(),
    protocols: mediaProtocols({ streamsMax: config.streamsMax }, openOpus),
    report: (report) => reports.push(report),
  });
  await gateway.start();
  const { port } = await reports.find(isKind("listening"));
  if (options.resumeKey !== undefined) {
    gateway.receive({ kind: "setResumeKey", key: options.resumeKey });
  }
  const { port1, port2 } = new MessageChannel();
  const inbound = createFrameRing({ bytes: 1 << 20, incarnation: 1 });
  const outbound = createFrameRing({ bytes: 1 << 20, incarnation: 1 });
  const taken = new SharedArrayBuffer(4);
  const link = { shardIndex: 0, incarnation: 1, port: port1, inbound, outbound, taken };
  gateway.receive({ kind: "attachShard", link });
  port2.on("message", (notice: LegNotice) => notices.push(notice));
  return {
    gateway,
    reports,
    notices,
    url: `ws://127.0.0.1:${port}`,
    reader: new FrameRingReader(inbound),
    writer: new FrameRingWriter(outbound),
    shard: commandPort(port2),
    expectCall: (callId: string, token: string, expiresInMs = 10_000) =>
      gateway.receive({ kind: "expectCall", callId, token, shardIndex: 0, expiresInMs }),
    stop() {
      gateway.receive({ kind: "stop" });
      port2.close();
    },
  };
}

/** A shard's end of its port: numbers what it sends, as a shard does. */
export function commandPort(port: MessagePort) {
  let number = 0;
  const numbered = (command: LegCommand): NumberedCommand => {
    const after = number;
    number += 1;
    return { ...command, number, after };
  };
  return {
    postMessage: (command: LegCommand): void => port.postMessage(numbered(command)),
    /** Sends these with the last one first. */
    postBackwards(...commands: LegCommand[]): void {
      for (const command of commands.map(numbered).reverse()) port.postMessage(command);
    },
    close: () => port.close(),
  };
}
