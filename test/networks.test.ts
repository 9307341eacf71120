import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startFarEnd, type FarEnd } from "../access/trunks/testing/far-end.js";
import { defaultConfig } from "../config/default-config.js";
import { carrierNames, type TrunkConfig } from "../config/schema.js";
import type { EngineNode } from "../engine/engine-node.js";
import { createHttpServer, type HttpServer } from "../engine/http/http-server.js";
import { createNode } from "../engine/node/node.js";
import { flowFile, whenView } from "./support/engine-rig.js";
import { freePort } from "../bench/telephony/rig.js";

const pem = { type: "pkcs8", format: "pem" } as const;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed25519 = generateKeyPairSync("ed25519");
const raw = ed25519.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
const signatureSecret = "a-signature-secret-of-vonage-0001";

/** What the engine has of each account beside a token, and what its carrier has. */
const ours = {
  twilio: {},
  telnyx: { publicKey: raw.toString("base64") },
  vonage: { password: rsa.privateKey.export(pem) as string, signatureSecret },
  plivo: {},
};
const theirs = {
  ...ours,
  telnyx: { signingKey: ed25519.privateKey.export(pem) },
  vonage: { password: rsa.publicKey.export({ type: "spki", format: "pem" }), signatureSecret },
};
const account = { account: "account-1", password: "a-token" };

/** One engine for all: its start takes longest. */
describe("the whole engine through networks that others drive", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "voxtree-networks-"));
  const carriers = new Map<string, FarEnd>();
  let freeSwitch: FarEnd;
  let node: EngineNode;
  let server: HttpServer;

  beforeAll(async () => {
    const [mediaPort, httpPort] = await Promise.all([freePort(), freePort()]);
    const trunks: TrunkConfig[] = await Promise.all(
      carrierNames.map(async (vendor) => {
        const settings = { vendor, ...account, ...theirs[vendor] };
        const far = await startFarEnd("access/trunks/testing/mock-carrier-main.js", settings);
        carriers.set(vendor, far);
        return {
          ...{ kind: vendor, name: vendor, ...account, ...ours[vendor] },
          url: `http://127.0.0.1:${far.port}`,
          webhookUrl: `http://127.0.0.1:${httpPort}`,
          callerId: "+15550100",
          detectsMachines: true,
        };
      }),
    );
    freeSwitch = await startFarEnd("access/trunks/testing/mock-freeswitch-main.js", {
      password: "p",
    });
    trunks.push({
      ...{ kind: "freeswitch", name: "switch", host: "127.0.0.1", port: freeSwitch.port },
      ...{ password: "p", app: "voxtree", endpoint: "sofia/gateway/x/{to}" },
      ...{ media: "audio_fork", rateHz: 8000 },
    });
    const config = defaultConfig({
      gateway: { port: mediaPort, advertisedUrl: `ws://127.0.0.1:${mediaPort}` },
      http: { port: httpPort },
      storage: { dataDir, kekFile: join(dataDir, "kek") },
      recognition: { isEnabled: false },
      flows: [flowFile("test/flows/two-keys.yaml")],
      trunks,
    });
    node = createNode(config);
    await node.start();
    server = createHttpServer({ node, config: config.http });
    await server.listen();
  });
  afterAll(async () => {
    await node.stop();
    await server.close();
    await Promise.all([freeSwitch, ...carriers.values()].map((far) => far.kill()));
    rmSync(dataDir, { recursive: true });
  });

  const request = { userId: "u", flow: "two-keys", variables: { name: "Anna" } };

  test.each(carrierNames)("%s: dialled, connected, answered by keys, on record", async (vendor) => {
    const far = carriers.get(vendor)!;
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const call = { ...request, trunk: vendor, to: "+15550107" };
    const { callId } = await node.startCall(call, talking.listener);
    await talking.seen;
    const [{ id }] = (await far.ask("calls")) as [{ id: string }];
    for (const digit of ["1", "2"]) await far.ask("press", { id, digit });
    const view = await node.callEnded(callId);
    expect(view).toMatchObject({ outcome: "completed", protocol: vendor });
    expect(view.keys.map(({ digit }) => digit)).toEqual(["1", "2"]);
    expect(view.answeredBy).toMatchObject({ who: vendor === "plivo" ? "machine" : "beep" });
    await expect.poll(() => far.ask("calls")).toEqual([]);
  });

  test("busy is busy, with the words of each carrier", async () => {
    const views = await Promise.all(
      carrierNames.map(async (trunk) => {
        const { callId } = await node.startCall({ ...request, trunk, to: "+15550102" });
        return node.callEnded(callId);
      }),
    );
    expect(views.map(({ outcome, cause }) => [outcome, cause])).toEqual([
      ["busy", "busy, SIP 486"],
      ["busy", "user_busy, SIP 486"],
      ["busy", "busy, SIP 486"],
      ["busy", "busy, USER_BUSY, 3010 Busy Line"],
    ]);
  });

  test("a webhook of nobody's is refused, and one for no trunk is not there", async () => {
    const post = async (path: string, payload = "CallStatus=busy") => {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const reply = await server.app.inject({ method: "POST", url: path, payload, headers });
      return reply.statusCode;
    };
    for (const trunk of carrierNames)
      expect(await post(`/trunks/${trunk}/status?call=x`)).toBe(403);
    expect(await post("/trunks/nobody/status")).toBe(404);
    expect(await post("/trunks/twilio/status", "x".repeat(20_000))).toBe(413);
  });

  test("FreeSWITCH: keys that come by the Event Socket answer the questions of the flow", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await node.startCall(
      { ...request, trunk: "switch", to: "answers" },
      talking.listener,
    );
    await talking.seen;
    for (const digit of ["1", "2"])
      await freeSwitch.ask("press", { id: `voxtree.${callId}`, digit });
    const view = await node.callEnded(callId);
    expect(view).toMatchObject({ protocol: "audio-fork", format: "l16/8000" });
    expect(view.keys.map(({ digit }) => digit)).toEqual(["1", "2"]);
    expect(view.outcome).toBe("completed");
    await expect.poll(() => freeSwitch.ask("channels")).toEqual([]);
  });

  test("FreeSWITCH: a transferred call ends as such, and its callee is not hung up on", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await node.startCall(
      { ...request, trunk: "switch", to: "answers" },
      talking.listener,
    );
    await talking.seen;
    await expect(node.transfer(callId, "busy")).rejects.toMatchObject({ code: "TRUNK_TRANSFER" });
    await node.transfer(callId, "answers");
    expect(await node.callEnded(callId)).toMatchObject({ outcome: "transferred" });
    const id = `voxtree.${callId}`;
    expect(await freeSwitch.ask("channels")).toEqual([id, `${id}.target`]);
    await freeSwitch.ask("hangup", id);
    await expect.poll(() => freeSwitch.ask("channels")).toEqual([]);
  });

  test("FreeSWITCH: a busy callee is a busy call, with FreeSWITCH's name for it", async () => {
    const { callId } = await node.startCall({ ...request, trunk: "switch", to: "busy" });
    expect(await node.callEnded(callId)).toMatchObject({
      outcome: "busy",
      cause: "USER_BUSY, SIP 486",
    });
  });
});
