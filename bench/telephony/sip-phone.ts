/**
 * A telephone exchange of simulated callees: `sip:<script>@host:port` rings the callee of that
 * script, and so does `sip:<script>.<anything>@host:port`. It speaks SIP over UDP as a called party
 * does, and nothing more.
 *
 * ```
 * INVITE ──▶ 100, 180 … 200 + SDP ──ACK──▶ talking ──BYE from either──▶ over
 *        CANCEL ──▶ 487          486, 603, 480 ◀── a callee who does not answer
 * ```
 *
 * @see RFC 3261 sections 9.2, 13.3, 15.1.2
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { randomUUID } from "node:crypto";
import type { TrunkEvent } from "../../access/trunks/trunk.js";
import type { CalleeParts } from "../../engine/loopback/callee-parts.js";
import { CalleePhone } from "../../engine/loopback/callee-phone.js";
import type { CalleeReport } from "../../engine/loopback/callee-report.js";
import type { CalleeScript } from "../../engine/loopback/callee-script.js";
import type { MediaConnectionListener } from "../../engine/loopback/media-connection.js";
import { RtpLine, lineFormat, type LineMeasures } from "./rtp-line.js";
import {
  audioAddressOf,
  audioAnswer,
  formatSip,
  parseSip,
  sipHeader,
  sipResponse,
  type SipMessage,
} from "./sip-message.js";

/** A caller gives up earlier. */
const ringMsMax = 120_000;

export type SipReport = {
  readonly script: string;
  /** What was dialled, before the `@`. */
  readonly dialled: string;
  readonly report: CalleeReport;
  readonly line: LineMeasures;
};

export type SipPhonesOptions = {
  readonly host: string;
  readonly scripts: readonly CalleeScript[];
  /** Without a way to connect: that is ours. */
  readonly parts: Omit<CalleeParts, "media">;
  readonly report: (report: SipReport) => void;
};

type Call = {
  readonly invite: SipMessage;
  readonly from: RemoteInfo;
  readonly tag: string;
  readonly line: RtpLine;
  readonly phone: CalleePhone;
  port: number;
  listener: MediaConnectionListener | undefined;
  /** The last answer to the INVITE, for whoever repeats it. */
  last: string;
  state: "ringing" | "talking" | "over";
};

const statusOf: Readonly<Record<string, string>> = {
  busy: "486 Busy Here",
  rejected: "603 Decline",
  no_answer: "480 Temporarily Unavailable",
  cancelled: "487 Request Terminated",
};

export class SipPhones {
  readonly #options: SipPhonesOptions;
  readonly #socket: Socket;
  readonly #parts: CalleeParts;
  readonly #calls = new Map<string, Call>();
  #lastSource = 0x5350;

  constructor(options: SipPhonesOptions) {
    this.#options = options;
    this.#socket = createSocket("udp4");
    this.#socket.on("message", (bytes, from) => this.#take(bytes.toString(), from));
    this.#parts = {
      ...options.parts,
      media: {
        formatOf: () => lineFormat,
        connect: ({ dial, listener }) => {
          const call = this.#calls.get(dial.callId)!;
          call.listener = listener;
          call.line.listen(listener);
          options.parts.time.soon(() => listener.ready());
          return { client: call.line.client };
        },
      },
    };
  }

  /** Resolves with the port. */
  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#socket.bind(0, this.#options.host, resolve));
    return this.#socket.address().port;
  }

  #take(text: string, from: RemoteInfo): void {
    const message = parseSip(text);
    if (message === undefined || message.startLine.startsWith("SIP/2.0")) return;
    const call = this.#calls.get(sipHeader(message, "Call-ID"));
    switch (message.startLine.split(" ", 1)[0]) {
      case "INVITE":
        if (call === undefined) return void this.#ring(message, from);
        return this.#send(call.last, from);
      case "CANCEL":
        this.#answer(message, from, "200 OK");
        return call?.phone.hangup();
      case "BYE":
        this.#answer(message, from, "200 OK");
        if (call !== undefined) this.#hungUp(call);
        return;
      case "OPTIONS":
        return this.#answer(message, from, "200 OK");
      default:
        return; // ACK and what a called party need not understand.
    }
  }

  async #ring(invite: SipMessage, from: RemoteInfo): Promise<void> {
    const { host, scripts, parts } = this.#options;
    const id = sipHeader(invite, "Call-ID");
    const who = /^INVITE sip:([^@;> ]+)@/.exec(invite.startLine)?.[1];
    const script = scripts.find((one) => one.id === who?.split(".")[0]);
    if (script === undefined) return this.#answer(invite, from, "404 Not Found");
    const line = new RtpLine(parts.time, (this.#lastSource += 1), () => this.#hangup(id));
    const dial = { callId: id, script, mediaUrl: "", token: "", ringMsMax };
    const phone = new CalleePhone(dial, this.#parts, {
      event: (event) => this.#event(id, event),
      report: (report) =>
        this.#options.report({
          ...{ script: script.id, dialled: who!, report, line: line.measures() },
        }),
    });
    const call: Call = {
      ...{ invite, from, tag: randomUUID().slice(0, 8), line, phone },
      ...{ port: 0, listener: undefined, last: "", state: "ringing" as const },
    };
    this.#calls.set(id, call);
    this.#respond(call, "100 Trying");
    call.port = await line.open(host);
    phone.ring();
  }

  #event(id: string, event: TrunkEvent): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (event.kind === "ringing") return this.#respond(call, "180 Ringing");
    if (event.kind === "answered") return this.#pickUp(call);
    if (event.kind !== "ended") return;
    if (call.state === "ringing") {
      this.#respond(call, statusOf[event.outcome] ?? "500 Server Internal Error");
    }
    this.#over(id, call);
  }

  #pickUp(call: Call): void {
    const remote = audioAddressOf(call.invite.body);
    if (remote === undefined) return this.#respond(call, "488 Not Acceptable Here");
    call.state = "talking";
    this.#respond(call, "200 OK", audioAnswer(this.#options.host, call.port));
    call.line.answer(remote);
  }

  /** The callee puts the phone down. */
  #hangup(id: string): void {
    const call = this.#calls.get(id);
    if (call?.state !== "talking") return;
    call.state = "over";
    call.line.hungUp();
    const { invite, from, tag } = call;
    const target = /<([^>]+)>/.exec(sipHeader(invite, "Contact"))?.[1] ?? "sip:unknown";
    const branch = `z9hG4bK${randomUUID().slice(0, 12)}`;
    const bye: SipMessage = {
      startLine: `BYE ${target} SIP/2.0`,
      headers: [
        [
          "Via",
          `SIP/2.0/UDP ${this.#options.host}:${this.#socket.address().port};branch=${branch}`,
        ],
        ["Max-Forwards", "70"],
        ["From", `${sipHeader(invite, "To")};tag=${tag}`],
        ["To", sipHeader(invite, "From")],
        ["Call-ID", id],
        ["CSeq", "1 BYE"],
      ],
      body: "",
    };
    this.#send(formatSip(bye), from);
  }

  /** The other end put the phone down. */
  #hungUp(call: Call): void {
    call.state = "over";
    const end = { endedBy: "agent", isFailure: false, cause: "the agent hung up" } as const;
    call.listener?.ended(end);
  }

  #over(id: string, call: Call): void {
    call.line.close();
    // Repetitions of the last request are still answered for a while.
    this.#options.parts.time.after(5000, () => this.#calls.delete(id));
  }

  #respond(call: Call, status: string, body = ""): void {
    const { invite, tag, from } = call;
    const contact = `<sip:phone@${this.#options.host}:${this.#socket.address().port}>`;
    const headers: SipMessage["headers"] = [
      ["Contact", contact],
      ...(body === "" ? [] : ([["Content-Type", "application/sdp"]] as const)),
    ];
    const toTag = status.startsWith("100") ? {} : { toTag: tag };
    call.last = formatSip(sipResponse(invite, { status, ...toTag, headers, body }));
    this.#send(call.last, from);
  }

  #answer(request: SipMessage, from: RemoteInfo, status: string): void {
    this.#send(formatSip(sipResponse(request, { status, toTag: "phone" })), from);
  }

  #send(text: string, to: RemoteInfo): void {
    this.#socket.send(text, to.port, to.address);
  }
}
