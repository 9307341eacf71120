import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import { WebSocketServer } from "ws";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { nodeTime } from "../../../base/node-ports.js";
import { startFarEnd, type FarEnd } from "../testing/far-end.js";
import { trunkConformance, type TrunkHarness } from "../trunk-conformance.js";
import type { Trunk, TrunkEvent } from "../trunk.js";
import { carrierDialect, type CarrierVendor } from "./carrier-vendors.js";
import type { CarrierAccount } from "./carrier-dialect.js";
import { createCarrierTrunk, type CarrierTrunkOptions } from "./carrier-trunk.js";

const pem = { type: "pkcs8", format: "pem" } as const;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed25519 = generateKeyPairSync("ed25519");
const rawPublicKey = ed25519.publicKey.export({ type: "spki", format: "der" }).subarray(-32);

/** What we have of an account, and what the carrier has. */
const accounts: Readonly<Record<CarrierVendor, { ours: CarrierAccount; theirs: object }>> = {
  twilio: both({ account: "AC1", password: "twilio-token" }),
  telnyx: both(
    { account: "conn-1", password: "telnyx-key", publicKey: rawPublicKey.toString("base64") },
    { signingKey: ed25519.privateKey.export(pem) },
  ),
  vonage: both(
    {
      account: "app-1",
      password: rsa.privateKey.export(pem) as string,
      signatureSecret: "a-signature-secret-of-vonage-0001",
    },
    { password: rsa.publicKey.export({ type: "spki", format: "pem" }) },
  ),
  plivo: both({ account: "MA1", password: "plivo-token" }),
};

function both(ours: CarrierAccount, theirs: object = {}) {
  return { ours, theirs: { ...ours, ...theirs } };
}

type Seen = {
  readonly id: string;
  readonly to: string;
  readonly keys: string;
  readonly statusUrl: string;
  readonly transferredTo?: string;
};

/** A carrier, a trunk to it, our control API with nothing but webhooks, and a gateway. */
class Line {
  readonly starts: string[] = [];
  readonly answers: { readonly url: string; readonly status: number; readonly body: string }[] = [];
  far!: FarEnd;
  trunk!: Trunk;
  #server!: Server;
  #gateway!: WebSocketServer;
  #webhookUrl = "";
  /** The patience of our side passes twenty times as fast. */
  isHurried = false;

  async open(
    vendor: CarrierVendor,
    {
      account,
      ...changes
    }: Partial<CarrierTrunkOptions> & { account?: Partial<CarrierAccount> } = {},
  ): Promise<this> {
    this.#gateway = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    this.#gateway.on("connection", (socket, { url }) => {
      socket.on("message", (data) => this.starts.push(`${url} ${(data as Buffer).toString()}`));
    });
    await new Promise((resolve) => this.#gateway.once("listening", resolve));
    await this.#serveWebhooks();
    const { ours, theirs } = accounts[vendor];
    this.far = await startFarEnd("access/trunks/testing/mock-carrier-main.js", {
      vendor,
      ...theirs,
    });
    const url = `http://127.0.0.1:${this.far.port}`;
    const time = nodeTime();
    this.trunk = createCarrierTrunk({
      name: vendor,
      dialect: carrierDialect(vendor, { ...ours, ...account, url }),
      callerId: "+15550100",
      webhookUrl: this.#webhookUrl,
      detectsMachines: false,
      time: { ...time, after: (ms, run) => time.after(this.isHurried ? ms / 20 : ms, run) },
      log: () => undefined,
      ...changes,
    });
    await this.trunk.start();
    return this;
  }

  get mediaUrl(): string {
    return `ws://127.0.0.1:${(this.#gateway.address() as { port: number }).port}`;
  }

  async close(): Promise<void> {
    await this.trunk.stop();
    await this.far.kill();
    for (const socket of this.#gateway.clients) socket.terminate();
    this.#gateway.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  calls(): Promise<Seen[]> {
    return this.far.ask("calls") as Promise<Seen[]>;
  }

  /** The carrier's call of an attempt: its webhooks say which it is. */
  async callOf(callId: string): Promise<Seen> {
    const find = async () =>
      (await this.calls()).find(({ statusUrl }) => statusUrl.endsWith(callId));
    await expect.poll(find).toBeDefined();
    return (await find())!;
  }

  async #serveWebhooks(): Promise<void> {
    this.#server = createServer((request, response) => {
      void (async () => {
        let body = "";
        for await (const part of request) body += String(part);
        const { method = "", url = "", headers } = request;
        const hook = /^\/trunks\/\w+\/(\w+)/.exec(url)![1]!;
        const reply = await this.trunk.webhook!({ method, url, hook, headers, body });
        this.answers.push({ url, status: reply.status, body: reply.body ?? "" });
        response.writeHead(reply.status, { "content-type": reply.contentType ?? "text/plain" });
        response.end(reply.body);
      })();
    });
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.#webhookUrl = `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }
}

let calls = 0;

function dial(line: Line, to: string, ringMsMax = 10_000) {
  const callId = `c-${(calls += 1)}`;
  const seen: TrunkEvent[] = [];
  const waiting = new Map<string, () => void>();
  const when = (kind: TrunkEvent["kind"]): Promise<void> =>
    new Promise((resolve) => {
      if (seen.some((event) => event.kind === kind)) resolve();
      else waiting.set(kind, resolve);
    });
  const request = { callId, to, mediaUrl: line.mediaUrl, token: "t_o-k&en", ringMsMax };
  const attempt = line.trunk.originate(request, (event) => {
    seen.push(event);
    waiting.get(event.kind)?.();
  });
  return { callId, seen, when, attempt };
}

const vendors = Object.keys(accounts) as CarrierVendor[];

describe.each(vendors)("a trunk through %s", (vendor) => {
  const line = new Line();
  let harness: TrunkHarness;

  beforeAll(async () => {
    await line.open(vendor, { detectsMachines: true });
    const keysOf = async (callId: string): Promise<string> => (await line.callOf(callId)).keys;
    harness = {
      trunk: line.trunk,
      time: nodeTime(),
      callees: {
        ...{ answers: "+15550101", busy: "+15550102", rejects: "+15550103" },
        ...{ unknown: "+15550104", congested: "+15550105", silent: "+15550106" },
      },
      mediaUrl: line.mediaUrl,
      token: "secret",
      isRingingSecret: vendor === "telnyx",
      ...(vendor === "twilio" ? {} : { keysOf }),
      transfer: { answers: "+15550111", fails: vendor === "telnyx" ? "+15550102" : "nobody" },
      async calleeHangsUp(callId) {
        await line.far.ask("hangup", (await line.callOf(callId)).id);
      },
      leftOvers: async () => (await line.calls()).map(({ id }) => id),
    };
  });
  afterAll(() => line.close());
  afterEach(() => line.far.ask("loseHooks", false));

  for (const { name, isFor, run } of trunkConformance) {
    test(name, async (context) => {
      if (!isFor(harness)) context.skip("this network cannot");
      await run(harness);
    });
  }

  test("the stream of an answered callee says which call it is, with the token", async () => {
    line.starts.length = 0;
    const { callId, attempt, when } = dial(line, "+15550101");
    const all = (): string => line.starts.map((start) => decodeURIComponent(start)).join("\n");
    await expect.poll(all).toContain("t_o-k&en");
    expect(all()).toContain(callId);
    expect(all()).toContain(`/media/${vendor}`);
    attempt.hangup();
    await when("ended");
  });

  test("the carrier connects a transferred callee with whom it was told", async () => {
    const { callId, attempt, when, seen } = dial(line, "+15550101");
    await when("answered");
    const { id } = await line.callOf(callId);
    await attempt.transfer("+15550111");
    await expect
      .poll(async () => (await line.calls()).find((call) => call.id === id)?.transferredTo)
      .toBe("+15550111");
    expect(seen.at(-1)).toEqual({ kind: "transferred" });
    await expect(attempt.transfer("+15550112")).rejects.toMatchObject({ code: "TRUNK_TRANSFER" });
    // Whoever tidies up behind the call does not hang up on them.
    attempt.hangup();
    await when("ended");
    expect((await line.calls()).map((call) => call.id)).toContain(id);
    await line.far.ask("hangup", id);
  });

  test("a callee who hangs up during a transfer ends the call, and the transfer", async (context) => {
    if (vendor !== "telnyx") context.skip("a transfer is over as soon as it is taken");
    const { callId, attempt, when } = dial(line, "+15550101");
    await when("answered");
    await line.far.ask("loseHooks", true);
    const transfer = attempt.transfer("+15550111").catch((error: Error) => error.message);
    await expect.poll(async () => (await line.callOf(callId)).transferredTo).toBe("+15550111");
    await line.far.ask("loseHooks", false);
    await line.far.ask("hangup", (await line.callOf(callId)).id);
    await when("ended");
    expect(await transfer).toContain("the callee hung up");
  });

  test("a key that a webhook tells is told once, however often it comes", async (context) => {
    if (vendor !== "telnyx") context.skip("its media stream alone tells keys");
    const { callId, attempt, when, seen } = dial(line, "+15550101");
    await when("answered");
    const { id, statusUrl: url } = await line.callOf(callId);
    const client_state = Buffer.from(callId).toString("base64");
    const press = async (event: string, digit: string): Promise<void> => {
      const payload = { call_control_id: id, client_state, digit };
      const data = { event_type: "call.dtmf.received", id: event, payload };
      const hook = { url, contentType: "application/json", body: JSON.stringify({ data }) };
      expect(await line.far.ask("forge", { hook })).toBe(204);
    };
    for (const event of ["e1", "e1", "e2"]) await press(event, "5");
    await press("e3", "not a key");
    const keys = (): string[] => seen.flatMap((one) => (one.kind === "dtmf" ? [one.digit] : []));
    await expect.poll(keys).toEqual(["5", "5"]);
    attempt.hangup();
    await when("ended");
  });

  test("its machine detection is told", async () => {
    const [machine, person] = [dial(line, "+15550107"), dial(line, "+15550108")];
    await Promise.all([machine.when("answeredBy"), person.when("answeredBy")]);
    const whoOf = (seen: TrunkEvent[]) => seen.find(({ kind }) => kind === "answeredBy");
    expect(whoOf(machine.seen)).toMatchObject({ who: vendor === "plivo" ? "machine" : "beep" });
    expect(whoOf(person.seen)).toMatchObject({ who: "human" });
    for (const { attempt, when } of [machine, person]) {
      attempt.hangup();
      await when("ended");
    }
  });

  test("a lost answer to dialling is not dialled again: the webhooks tell", async () => {
    await line.far.ask("fault", "loseReply");
    const { callId, attempt, when, seen } = dial(line, "+15550101");
    await when("answered");
    const dialled = (await line.calls()).filter(({ statusUrl }) => statusUrl.endsWith(callId));
    expect(dialled).toHaveLength(1);
    attempt.hangup();
    await when("ended");
    expect(seen.at(-1)).toMatchObject({ outcome: "answered" });
  });

  test("bad signatures get 403 and change nothing", async () => {
    const { callId, attempt, when, seen } = dial(line, "+15550101");
    await when("answered");
    const { id } = await line.callOf(callId);
    const { hook, headers } = (await line.far.ask("signed", { id, what: { ending: "busy" } })) as {
      hook: { url: string; contentType: string; body: string };
      headers: Record<string, string>;
    };
    const altered = { ...hook, body: hook.body.replace(/busy|BUSY/, "done") };
    const empty = Object.fromEntries(Object.keys(headers).map((name) => [name, ""]));
    const other = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, `${value.slice(0, -6)}AAAAAA`]),
    );
    expect(await line.far.ask("forge", { hook: altered, headers })).toBe(403);
    expect(await line.far.ask("forge", { hook, headers: empty })).toBe(403);
    expect(await line.far.ask("forge", { hook, headers: other })).toBe(403);
    expect(await line.far.ask("forge", { hook, headers: {} })).toBe(403);
    expect(seen.at(-1)!.kind).not.toBe("ended");
    // The real one, twice: it ends the call once.
    expect(await line.far.ask("forge", { hook, headers })).toBe(204);
    expect(await line.far.ask("forge", { hook, headers })).toBe(204);
    await when("ended");
    expect(seen.filter(({ kind }) => kind === "ended")).toHaveLength(1);
    attempt.hangup();
    await line.far.ask("hangup", id);
  });

  test("webhooks that never come are asked for after a hang-up", async () => {
    const { attempt, when, seen } = dial(line, "+15550101");
    await when("answered");
    await line.far.ask("loseHooks", true);
    line.isHurried = true;
    attempt.hangup();
    await when("ended");
    line.isHurried = false;
    expect(seen.at(-1)).toMatchObject({ outcome: "answered" });
    expect(await line.calls()).toEqual([]);
  });
});

describe("a carrier that is not well", () => {
  const line = new Line();
  beforeAll(() => line.open("twilio"));
  afterAll(() => line.close());

  test("a refused number is an invalid one, with the carrier's words", async () => {
    await line.far.ask("fault", "refuse");
    const { when, seen } = dial(line, "+15550101");
    await when("ended");
    const cause = "HTTP 400 21211 Invalid 'To' number";
    expect(seen).toEqual([{ kind: "ended", outcome: "invalid_number", cause }]);
  });

  test("a failure after dialling is not taken for a refusal", async () => {
    await line.far.ask("fault", "fail");
    const { when, attempt } = dial(line, "+15550101");
    await when("answered");
    attempt.hangup();
    await when("ended");
  });

  test("no answer and no webhook either: nobody can say what became of it", async () => {
    await line.far.ask("loseHooks", true);
    await line.far.ask("fault", "loseReply");
    line.isHurried = true;
    const { when, seen } = dial(line, "+15550106");
    await when("ended");
    line.isHurried = false;
    await line.far.ask("loseHooks", false);
    const cause = "Twilio never said that it dialled";
    expect(seen).toEqual([{ kind: "ended", outcome: "unknown", cause }]);
    await expect.poll(() => line.calls()).toEqual([]);
  });

  test("a callee of an earlier life who answers is hung up", async () => {
    const { callId, when, attempt } = dial(line, "+15550101");
    await when("answered");
    const { id, statusUrl } = await line.callOf(callId);
    const url = statusUrl.replace("/status", "/answer").replace(callId, "of-before");
    const hook = {
      url,
      contentType: "application/x-www-form-urlencoded",
      body: `CallSid=${id}&CallStatus=in-progress`,
    };
    expect(await line.far.ask("forge", { hook })).toBe(200);
    expect(line.answers.at(-1)!.body).toContain("<Response><Hangup></Hangup></Response>");
    attempt.hangup();
    await when("ended");
  });

  test("wrong credentials keep the trunk from starting, and are not shown", async () => {
    const url = `http://127.0.0.1:${line.far.port}`;
    const account = { account: "AC1", password: "wrong-secret", url };
    const trunk = createCarrierTrunk({
      name: "w",
      dialect: carrierDialect("twilio", account),
      callerId: "+15550100",
      webhookUrl: "http://127.0.0.1:1",
      detectsMachines: false,
      time: nodeTime(),
      log: () => undefined,
    });
    const failure = await trunk.start().catch((error: Error) => error.message);
    expect(failure).toMatch(/trunk w: Twilio does not take our account: HTTP 401/);
    expect(failure).not.toContain("wrong-secret");
  });
});

describe("Telnyx with another codec", () => {
  const line = new Line();
  beforeAll(() => line.open("telnyx", { account: { codec: "opus" } }));
  afterAll(() => line.close());

  test("is asked for it both ways, and the stream's address says so", async () => {
    const { attempt, when } = dial(line, "+15550101");
    await when("answered");
    await expect.poll(() => line.starts.find((start) => start.includes('"start"'))).toBeDefined();
    const start = line.starts.find((one) => one.includes('"start"'))!;
    expect(start).toContain("codec=opus");
    expect(start).toContain('"encoding":"OPUS","sample_rate":16000');
    attempt.hangup();
    await when("ended");
  });
});
