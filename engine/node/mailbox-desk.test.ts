import { expect, test } from "vitest";
import { emptySystemMetrics } from "../../actors/kernel/index.js";
import { virtualTime } from "../../base/virtual-time.js";
import type { MailboxReport } from "../control/messages.js";
import { MailboxDesk } from "./mailbox-desk.js";

const report = { ...emptySystemMetrics, actors: 7 } as MailboxReport;

test("each question gets its own answer, whatever their order", async () => {
  const desk = new MailboxDesk(virtualTime());
  const asked: number[] = [];
  const answers = [1, 2].map(() => desk.ask((askId) => void asked.push(askId)));
  desk.answer(asked[1]!, report);
  desk.answer(asked[0]!, { ...report, actors: 3 });
  expect(await Promise.all(answers)).toMatchObject([{ actors: 3 }, { actors: 7 }]);
});

test("a shard that never answers is known as such after a second, and may answer too late", async () => {
  const time = virtualTime();
  const desk = new MailboxDesk(time);
  let asked = 0;
  const answer = desk.ask((askId) => void (asked = askId));
  time.advance(1000);
  expect(await answer).toBeUndefined();
  desk.answer(asked, report);
  expect(time.pendingCount).toBe(0);
});
