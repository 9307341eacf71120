import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { expect, test } from "vitest";
import { SharedPages } from "./shared-pages.js";

test("a page that comes back is used again, and holds nothing of what it held", () => {
  const pages = new SharedPages();
  const page = pages.take(800, 0xff);
  expect(page).toEqual(new Uint8Array(800).fill(0xff));
  page.fill(7);
  pages.give(page);
  expect(pages.take(1600, 0)).toEqual(new Uint8Array(1600));
  const again = pages.take(800, 0xd5);
  expect(again).toBe(page);
  expect(again).toEqual(new Uint8Array(800).fill(0xd5));
  expect(pages.take(800, 0xd5)).not.toBe(page);
});

test("a page passes to another thread without being copied", () => {
  const pages = new SharedPages();
  const page = pages.take(8, 0);
  const { port1, port2 } = new MessageChannel();
  port1.postMessage({ callee: page });
  page[3] = 9;
  const { message } = receiveMessageOnPort(port2) as { message: { callee: Uint8Array } };
  expect(message.callee[3]).toBe(9);
  port1.close();
});

test("memory of another kind is not taken for a page", () => {
  const pages = new SharedPages();
  const mine = new Uint8Array(8);
  pages.give(mine);
  expect(pages.take(8, 0)).not.toBe(mine);
});
