import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startFarEnd, type FarEnd } from "../access/trunks/testing/far-end.js";
import { defaultConfig } from "../config/default-config.js";
import type { EngineNode } from "../engine/engine-node.js";
import { createNode } from "../engine/node/node.js";
import { flowFile, whenView } from "./support/engine-rig.js";

describe("the whole engine through an Event Socket and a forked stream", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "voxtree-freeswitch-"));
  let far: FarEnd;
  let node: EngineNode;

  beforeAll(async () => {
    far = await startFarEnd("access/trunks/testing/mock-freeswitch-main.js", { password: "p" });
    const config = defaultConfig({
      gateway: { port: 0 },
      storage: { dataDir, kekFile: join(dataDir, "kek") },
      recognition: { isEnabled: false },
      flows: [flowFile("test/flows/two-keys.yaml")],
      trunks: [
        {
          ...{ kind: "freeswitch", name: "switch", host: "127.0.0.1", port: far.port },
          ...{ password: "p", app: "voxtree", endpoint: "sofia/gateway/x/{to}" },
          ...{ media: "audio_fork", rateHz: 8000 },
        },
      ],
    });
    node = createNode(config);
    await node.start();
  });
  afterAll(async () => {
    await node.stop();
    await far.kill();
    rmSync(dataDir, { recursive: true });
  });

  const request = { userId: "u", flow: "two-keys", variables: { name: "Anna" }, trunk: "switch" };

  test("keys that come by the Event Socket answer the questions of the flow", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await node.startCall({ ...request, to: "answers" }, talking.listener);
    await talking.seen;
    for (const digit of ["1", "2"]) await far.ask("press", { id: `voxtree.${callId}`, digit });
    const view = await node.callEnded(callId);
    expect(view).toMatchObject({ protocol: "audio-fork", format: "l16/8000" });
    expect(view.keys.map(({ digit }) => digit)).toEqual(["1", "2"]);
    expect(view.outcome).toBe("completed");
    await expect.poll(() => far.ask("channels")).toEqual([]);
  });

  test("a transferred call ends as such, and its callee is not hung up on", async () => {
    const talking = whenView(({ transcript }) => transcript.length > 0);
    const { callId } = await node.startCall({ ...request, to: "answers" }, talking.listener);
    await talking.seen;
    await expect(node.transfer(callId, "busy")).rejects.toMatchObject({ code: "TRUNK_TRANSFER" });
    await node.transfer(callId, "answers");
    expect(await node.callEnded(callId)).toMatchObject({ outcome: "transferred" });
    const id = `voxtree.${callId}`;
    expect(await far.ask("channels")).toEqual([id, `${id}.target`]);
    await far.ask("hangup", id);
    await expect.poll(() => far.ask("channels")).toEqual([]);
  });

  test("a busy callee is a busy call, with FreeSWITCH's name for it", async () => {
    const { callId } = await node.startCall({ ...request, to: "busy" });
    expect(await node.callEnded(callId)).toMatchObject({
      outcome: "busy",
      cause: "USER_BUSY, SIP 486",
    });
  });
});
