import { describe, expect, test } from "vitest";
import { lineFigures } from "./line-figures.js";
import { endedKey, formatRtp, keyEvent, parseRtp } from "./rtp-packet.js";
import { audioAddressOf, audioAnswer, formatSip, parseSip, sipResponse } from "./sip-message.js";

describe("SIP", () => {
  const invite = [
    "INVITE sip:anna@127.0.0.1:5070 SIP/2.0",
    "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1",
    "From: <sip:1000@127.0.0.1>;tag=a",
    "To: <sip:anna@127.0.0.1:5070>",
    "Call-ID: 42",
    "CSeq: 7 INVITE",
    "Contact: <sip:1000@127.0.0.1:5060>",
    "",
    audioAnswer("127.0.0.1", 4000),
  ].join("\r\n");

  test("an answer hands back what names the transaction, and tags the callee once", () => {
    const request = parseSip(invite)!;
    const text = formatSip(sipResponse(request, { status: "200 OK", toTag: "t", body: "x" }));
    expect(text.split("\r\n")).toEqual([
      "SIP/2.0 200 OK",
      "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1",
      "From: <sip:1000@127.0.0.1>;tag=a",
      "To: <sip:anna@127.0.0.1:5070>;tag=t",
      "Call-ID: 42",
      "CSeq: 7 INVITE",
      "Content-Length: 1",
      "",
      "x",
    ]);
    expect(audioAddressOf(request.body)).toEqual({ host: "127.0.0.1", port: 4000 });
  });

  test("what is no message is none", () => {
    for (const text of ["", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"]) {
      expect(parseSip(text)).toBeUndefined();
    }
    expect(audioAddressOf("v=0\r\n")).toBeUndefined();
  });
});

describe("RTP", () => {
  test("a packet reads as it was written; half a packet is none", () => {
    const payload = new Uint8Array([1, 2, 3]);
    const packet = { payloadType: 101, sequence: 65_535, timestamp: 0xffff_fff0, payload };
    const bytes = formatRtp({ ...packet, isMarked: true }, 7);
    expect(parseRtp(bytes)).toMatchObject({
      ...packet,
      isMarked: true,
      payload: Buffer.from(payload),
    });
    expect(parseRtp(bytes.subarray(0, 11))).toBeUndefined();
    expect(parseRtp(Buffer.alloc(20))).toBeUndefined();
  });

  test("a key counts at its end", () => {
    expect(endedKey(keyEvent("#", 160, false))).toBeUndefined();
    expect(endedKey(keyEvent("#", 800, true))).toBe("#");
  });
});

test("figures are those of calls with audio", () => {
  const silent = { gapsMs: [], firstAudibleMs: undefined, packets: 0, keys: "" };
  const heard = { gapsMs: [20, 21, 40], firstAudibleMs: 200, packets: 4, keys: "" };
  expect(lineFigures([silent, heard])).toMatchObject({
    calls: 1,
    packets: 4,
    gapMs: { count: 3, p50: 21, max: 40 },
    firstAudibleMs: { count: 1, p50: 200 },
  });
});
