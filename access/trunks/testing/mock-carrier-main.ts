/**
 * Entry of a carrier without telephones: its REST interface, its webhooks and its media streams, in
 * a process of its own. How a callee behaves, the last two digits of its number say.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket } from "ws";
import { nodeTime } from "../../../base/node-ports.js";
import { serveFarEnd } from "./far-end.js";
import type {
  MockAccount,
  MockCall,
  MockEnding,
  MockHook,
  MockMedia,
  MockNews,
  MockOrder,
} from "./mock-carrier.js";
import { mockPlivo } from "./mock-plivo.js";
import { mockTelnyx } from "./mock-telnyx.js";
import { mockTwilio } from "./mock-twilio.js";
import { mockVonage } from "./mock-vonage.js";

const vendors = { twilio: mockTwilio, telnyx: mockTelnyx, vonage: mockVonage, plivo: mockPlivo };
export type MockCarrierSettings = MockAccount & { readonly vendor: keyof typeof vendors };

/** Their numbers end so; every other one answers. */
const kinds: Readonly<Record<string, MockEnding | "silent" | "machine" | "person">> = {
  "02": "busy",
  "03": "rejects",
  "04": "unknown",
  "05": "congested",
  "06": "silent",
  "07": "machine",
  "08": "person",
};
const stepMs = 10;
/** Phones ring ten times as fast here. */
const secondMs = 100;

const settings = JSON.parse(process.argv[2] ?? "{}") as MockCarrierSettings;
const vendor = vendors[settings.vendor](settings);
const time = nodeTime();
const calls = new Map<string, MockCall>();
const streams = new Map<string, { readonly socket: WebSocket; readonly media: MockMedia }>();
const seen: string[] = [];
/** What goes wrong with the next call. */
let fault: "loseReply" | "refuse" | "fail" | undefined;
let areHooksLost = false;
let lastId = 0;

/** Tells, as a carrier does: signed; resolves with the answer. */
async function tell(hook: MockHook | undefined): Promise<{ status: number; text: string }> {
  if (hook === undefined || areHooksLost) return { status: 0, text: "" };
  const { url, contentType, body } = hook;
  const headers = { "content-type": contentType, ...(await vendor.sign(hook)) };
  const response = await fetch(url, { method: "POST", headers, body }).catch(() => undefined);
  return { status: response?.status ?? 0, text: (await response?.text()) ?? "" };
}

const news = (call: MockCall, what: MockNews): Promise<{ status: number }> =>
  tell(vendor.news(call, what));

async function ring(call: MockCall): Promise<void> {
  const kind = kinds[call.to.slice(-2)];
  const isTold = kind !== "busy" && kind !== "unknown";
  if (isTold) await news(call, "ringing");
  if (!calls.has(call.id)) return;
  if (kind === "silent") {
    const ringMs = call.ringSeconds * secondMs;
    return void time.after(ringMs, () => end(call, { ending: "noAnswer" }));
  }
  if (kind !== undefined && kind !== "machine" && kind !== "person")
    return end(call, { ending: kind });
  call.isAnswered = true;
  const ask = vendor.answer(call);
  const document = ask === undefined ? "" : (await tell(ask)).text;
  void news(call, "answered");
  connect(call, vendor.media(call, document));
  if (kind === "machine") void news(call, { machine: "machine" });
  if (kind === "person") void news(call, { machine: "human" });
}

/** The media stream; when it ends, so does the call. */
function connect(call: MockCall, media: MockMedia | undefined): void {
  if (media === undefined) return end(call, "completed");
  const socket = new WebSocket(media.url);
  streams.set(call.id, { socket, media });
  socket.on("open", () => media.hello.forEach((message) => socket.send(message)));
  socket.on("error", () => undefined);
  socket.on("close", () => {
    if (call.transferredTo === undefined) end(call, "completed");
  });
}

function end(call: MockCall, what: MockNews): void {
  if (!calls.delete(call.id)) return;
  streams.get(call.id)?.socket.terminate();
  streams.delete(call.id);
  void news(call, what);
}

type Transfer = Extract<MockOrder, { kind: "transfer" }>;

const isTransferable = ({ to, document }: Transfer): boolean =>
  to !== undefined || document !== undefined;

/** The callee's stream ends, and its call goes on with somebody else. */
async function handOn(call: MockCall, { to, document, state }: Transfer): Promise<void> {
  const asked = document === undefined ? undefined : vendor.transfer!.ask(call, document);
  const target = asked === undefined ? to : vendor.transfer!.target((await tell(asked)).text);
  if (target === undefined) return; // Nobody says whom to dial.
  const isAnswered = kinds[target.slice(-2)] === undefined;
  if (vendor.transferNews !== undefined) {
    if (isAnswered) call.transferredTo = target;
    return void (await tell(vendor.transferNews(call, state!, isAnswered)));
  }
  call.transferredTo = target;
  streams.get(call.id)?.socket.close();
  if (!isAnswered) end(call, "completed");
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = "";
  for await (const part of request) body += String(part);
  const { method = "", url: path = "", headers } = request;
  seen.push(`${method} ${path}`);
  const order = await vendor.read({
    method,
    path,
    authorization: headers.authorization ?? "",
    body,
  });
  const answer = (status: number, value?: object): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(value === undefined ? "" : JSON.stringify(value));
  };
  if (order === undefined) return answer(401, { message: "authenticate" });
  let call = "id" in order ? calls.get(order.id) : undefined;
  if (order.kind === "dial") {
    const now = fault;
    fault = undefined;
    if (now === "refuse") return answer(400, { code: 21211, message: "Invalid 'To' number" });
    const id = `call${(lastId += 1)}`;
    call = { ...order.call, id, isAnswered: false, keys: "" };
    calls.set(id, call);
    const dialled = call;
    time.after(stepMs, () => void ring(dialled));
    if (now === "loseReply") return void request.socket.destroy();
    if (now === "fail") return answer(503, {});
  }
  if (order.kind === "keys" && call !== undefined) call.keys += order.digits;
  const isWrong = order.kind === "transfer" && call !== undefined && !isTransferable(order);
  if (isWrong) return answer(400, { message: "no such number" });
  const reply = vendor.reply(order, call);
  answer(reply.status, reply.body);
  if (order.kind === "transfer" && call !== undefined) return handOn(call, order);
  if (order.kind !== "hangup" || call === undefined) return;
  end(call, call.isAnswered ? "completed" : { ending: "cancelled" });
}

const server = createServer((request, response) => void serve(request, response));
server.listen(0, "127.0.0.1", () => {
  serveFarEnd((server.address() as AddressInfo).port, {
    calls: () =>
      [...calls.values()].map(({ id, to, keys, statusUrl, transferredTo }) => ({
        ...{ id, to, keys, statusUrl, transferredTo },
      })),
    requests: () => seen,
    hangup: (id: string) => end(calls.get(id)!, "completed"),
    press: ({ id, digit }: { id: string; digit: string }) => {
      const { socket, media } = streams.get(id)!;
      socket.send(media.key(digit));
    },
    fault: (what: typeof fault) => void (fault = what),
    loseHooks: (on: boolean) => void (areHooksLost = on),
    /** A webhook about a call that may be anybody's; answers with the status we gave. */
    forge: async ({ hook, headers }: { hook: MockHook; headers?: Record<string, string> }) => {
      const signed = headers ?? (await vendor.sign(hook));
      const { url, contentType, body } = hook;
      const all = { "content-type": contentType, ...signed };
      return (await fetch(url, { method: "POST", headers: all, body })).status;
    },
    /** The signed news of a call, to be played with. */
    signed: async ({ id, what }: { id: string; what: MockNews }) => {
      const hook = vendor.news(calls.get(id)!, what)!;
      return { hook, headers: await vendor.sign(hook) };
    },
  });
});
