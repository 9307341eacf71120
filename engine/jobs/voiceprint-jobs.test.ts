import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { voiceprintDefaults } from "../../config/voiceprint-config.js";
import { appendRecordingChunk } from "../../storage/recordings/recording-files.js";
import { speak, throughTelephone } from "../../test/support/spoken-audio.js";
import { VoiceprintJobs } from "./voiceprint-jobs.js";

let place = { dataDir: "", kekFile: "" };
beforeAll(() => {
  const dataDir = mkdtempSync(join(tmpdir(), "voxtree-voice-jobs-"));
  place = { dataDir, kekFile: join(dataDir, "kek") };
});
afterAll(() => rmSync(place.dataDir, { recursive: true, force: true }));

/** A recorded call in which the callee says this, and we say nothing. */
async function recorded(callId: string, voice: string, text: string): Promise<void> {
  const callee = throughTelephone(await speak(voice, text));
  const samples = new Int16Array(callee.length * 2);
  callee.forEach((sample, at) => (samples[at * 2] = sample));
  const header = { rateHz: 8000, channels: 2, startedEpochMs: 0, codec: "l16" } as const;
  const chunk = { userId: "u1", callId, index: 0, isLast: true, header };
  appendRecordingChunk({ ...place, ...chunk, samples });
}

test("a person is enrolled by one recorded call, known in the next, and forgotten", async () => {
  const jobs = new VoiceprintJobs({ ...place, voiceprint: voiceprintDefaults });
  const text = "Good morning, I am calling about the delivery that was promised for Thursday.";
  await recorded("first", "slt", text);
  await recorded("next", "slt", "Please call me again in the evening, when I am back at home.");
  await recorded("other", "awb", "Please call me again in the evening, when I am back at home.");
  await expect(jobs.verify("u1", { callIds: ["next"] })).rejects.toMatchObject({
    code: "VOICEPRINT_UNKNOWN",
  });
  expect(await jobs.enrol("u1", { callIds: ["first"] })).toBeGreaterThan(2000);
  const own = await jobs.verify("u1", { callIds: ["next"] });
  const foreign = await jobs.verify("u1", { callIds: ["other"] });
  expect(own.score).toBeGreaterThan(foreign.score + 0.1);
  expect(foreign.verdict).not.toBe("match");
  expect(jobs.forget("u1")).toBe(true);
  await expect(jobs.verify("u1", { callIds: ["next"] })).rejects.toMatchObject({
    code: "VOICEPRINT_UNKNOWN",
  });
});
