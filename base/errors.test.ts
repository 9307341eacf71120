import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { expect, test } from "vitest";
import { EngineError, fromErrorData, toErrorData, type ErrorData } from "./errors.js";

test("keeps code, detail, cause and stack of an error that crosses a thread", () => {
  const cause = new EngineError("INNER", "inner", { limit: 3 });
  const error = new EngineError("OUTER", "outer", { value: 4 }, { cause });
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(toErrorData(error));
  const received = receiveMessageOnPort(port2) as { message: ErrorData };
  const whole = fromErrorData(received.message);
  port1.close();
  expect(whole).toBeInstanceOf(EngineError);
  expect(whole.code).toBe("OUTER");
  expect(whole.detail).toEqual({ value: 4 });
  expect((whole.cause as EngineError).code).toBe("INNER");
  expect(whole.stack).toBe(error.stack);
});

test("makes data of anything thrown, also of what is not an error", () => {
  expect(toErrorData("text")).toEqual({ code: "UNEXPECTED", message: "text", detail: {} });
  expect(toErrorData(new TypeError("bad")).code).toBe("UNEXPECTED");
});
