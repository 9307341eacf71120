import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEslChannels, parseEslEvent } from "./esl-event.js";
import { eslBodyBytesMax, eslHeaderBytesMax, EslParser, type EslMessage } from "./esl-parser.js";

const framed = (body: string, type = "text/event-json"): Buffer =>
  Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\nContent-Type: ${type}\n\n${body}`);

/** What comes out when bytes come in these pieces. */
function taken(pieces: readonly Buffer[]): EslMessage[] {
  const parser = new EslParser();
  return pieces.flatMap((piece) => parser.take(piece));
}

describe("the framing of the Event Socket", () => {
  test("counts bytes, not characters, wherever the network cuts", () => {
    const bodies = ['{"name":"安娜·米勒"}', '{"emoji":"🙂"}', "", '{"plain":1}'];
    const stream = Buffer.concat([
      Buffer.from("Content-Type: auth/request\n\n"),
      ...bodies.map((body) => framed(body)),
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((one, other) => one - other), stream.length];
        const pieces = at.slice(1).map((end, index) => stream.subarray(at[index], end));
        expect(taken(pieces).map(({ body }) => body)).toEqual(["", ...bodies]);
      }),
      { numRuns: 200 },
    );
    const bytes = Array.from(stream, (byte) => Buffer.from([byte]));
    expect(taken(bytes).map(({ body }) => body)).toEqual(["", ...bodies]);
  });

  test("keeps headers with colons and spaces in their values", () => {
    const [message] = taken([Buffer.from("Reply-Text: +OK Job-UUID: a:b\n\n")]);
    expect(message!.headers.get("Reply-Text")).toBe("+OK Job-UUID: a:b");
  });

  test.each([
    ["a length that is none", "Content-Length: -1\n\n", /Content-Length "-1"/],
    ["a length in words", "Content-Length: 1e3\n\n", /Content-Length "1e3"/],
    ["a huge length", `Content-Length: ${eslBodyBytesMax + 1}\n\n`, /Content-Length/],
    ["a line without a colon", "HTTP/1.1 400 Bad Request\n\n", /without a colon/],
    ["headers without an end", "x: ".padEnd(eslHeaderBytesMax + 2, "y"), /headers of over/],
  ])("refuses %s", (_name, text, words) => {
    expect(() => taken([Buffer.from(text)])).toThrow(words);
  });

  test("any bytes end in messages, in waiting, or in one kind of error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          taken([Buffer.from(bytes)]);
        } catch (error) {
          expect(error).toMatchObject({ code: "ESL_BROKEN" });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("an event", () => {
  test("of a module goes by its subclass; what is no event is none", () => {
    const custom = { "Event-Name": "CUSTOM", "Event-Subclass": "mod_audio_fork::disconnect" };
    expect(parseEslEvent(JSON.stringify({ ...custom, "Unique-ID": "u" }))).toMatchObject({
      name: "mod_audio_fork::disconnect",
      channelId: "u",
    });
    for (const text of ["", "[]", "null", "{", '{"Event-Name":7}', '{"Event-Name":"CUSTOM"}']) {
      expect(parseEslEvent(text)).toBeUndefined();
    }
  });

  test("a list of channels may be empty, and may be none", () => {
    expect(parseEslChannels('{"row_count":0}')).toEqual([]);
    const rows = [{ uuid: "a", callstate: "ACTIVE" }, { uuid: 7 }, null];
    expect(parseEslChannels(JSON.stringify({ row_count: 3, rows }))).toEqual([
      { id: "a", callState: "ACTIVE" },
    ]);
    expect(parseEslChannels("-ERR no reply")).toBeUndefined();
    expect(parseEslChannels('{"rows":{}}')).toBeUndefined();
  });
});
