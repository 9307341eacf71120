import { describe, expect, test } from "vitest";
import { asteriskWriter, parseAsterisk } from "./asterisk-media.js";
import { parseAudioFork } from "./audio-fork.js";
import { audioHookText, parseAudioHook } from "./audiohook.js";
import { AudioSocketSplitter, readAudioSocket } from "./audiosocket.js";
import { audioStreamStart, parseAudioStream } from "./audio-stream.js";
import type { BinaryStreamMessage, BinaryStreamWriter } from "./binary-stream.js";
import { exotelWriter, parseExotel } from "./exotel.js";
import { parsePlivo, plivoWriter } from "./plivo.js";
import { parseTelnyx, telnyxWriter } from "./telnyx.js";
import { parseTwilio, twilioWriter } from "./twilio.js";
import { parseVonage } from "./vonage.js";

/**
 * Messages as the vendors' documentation and their real peers write them, not as our own clients
 * do: what is understood of each, and what is written back, letter by letter.
 */
type Vector = readonly [what: string, text: string, understood: object];

const vectors: Readonly<Record<string, readonly [(text: string) => object, readonly Vector[]]>> = {
  twilio: [
    parseTwilio,
    [
      [
        "connected",
        '{"event":"connected","protocol":"Call","version":"1.0.0"}',
        { event: "ignored" },
      ],
      [
        "start",
        '{"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"streamSid":"MZ1","accountSid":"AC1","callSid":"CA1","tracks":["inbound"],"customParameters":{"job":"42"},"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}}',
        { streamId: "MZ1", format: { codec: "pcmu", rateHz: 8000 }, parameters: { job: "42" } },
      ],
      [
        "media",
        '{"event":"media","sequenceNumber":"2","streamSid":"MZ1","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"//////8="}}',
        { event: "media", isInbound: true, timestampMs: 20, payload: "//////8=" },
      ],
      [
        "mark",
        '{"event":"mark","sequenceNumber":"90","streamSid":"MZ1","mark":{"name":"u1-end"}}',
        { event: "mark", name: "u1-end" },
      ],
      [
        "key",
        '{"event":"dtmf","sequenceNumber":"95","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"1"}}',
        { event: "dtmf", digit: "1" },
      ],
      [
        "stop",
        '{"event":"stop","sequenceNumber":"99","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}',
        { event: "stop" },
      ],
    ],
  ],
  telnyx: [
    parseTelnyx,
    [
      [
        "start",
        '{"event":"start","sequence_number":"1","start":{"user_id":"3E6F995F-85F7-4705-9741-53B116D28237","call_control_id":"v2:T02llQxIyaRkhfRKxgAP8nY511EhFLizdvdUKJiSw8d6A9BborherQ","client_state":"aGF2ZSBhIG5pY2UgZGF5ID1d","media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}},"stream_id":"32DE0DEA-53CB-4B21-89A4-9E1819C043BC"}',
        {
          streamId: "32DE0DEA-53CB-4B21-89A4-9E1819C043BC",
          format: { codec: "pcmu", rateHz: 8000 },
        },
      ],
      [
        "media",
        '{"event":"media","sequence_number":"4","media":{"track":"inbound","chunk":"2","timestamp":"5","payload":"no+JhoaJjpz"},"stream_id":"32DE0DEA-53CB-4B21-89A4-9E1819C043BC"}',
        { event: "media", isInbound: true, chunk: 2, timestampMs: 5 },
      ],
      [
        "key",
        '{"event":"dtmf","stream_id":"32DE0DEA","occurred_at":"2024-05-10T12:00:00Z","sequence_number":"5","dtmf":{"digit":"1"}}',
        { event: "dtmf", digit: "1" },
      ],
      ["mark", '{"event":"mark","stream_id":"32DE0DEA","mark":{"name":"u1"}}', { name: "u1" }],
      [
        "error",
        '{"event":"error","stream_id":"32DE0DEA","payload":{"code":100004,"title":"rate_limit_reached","detail":"The maximum rate"}}',
        { event: "refused", code: "100004" },
      ],
      [
        "stop",
        '{"event":"stop","sequence_number":"5","stop":{"user_id":"3E6F","call_control_id":"v2:T02l"},"stream_id":"32DE0DEA"}',
        { event: "stop" },
      ],
    ],
  ],
  plivo: [
    parsePlivo,
    [
      [
        "start",
        '{"sequenceNumber":0,"event":"start","start":{"callId":"5b3f5ab6","streamId":"b77e037d","accountId":"100","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-l16","sampleRate":16000}},"extra_headers":"{X-PH-a: 1}"}',
        { streamId: "b77e037d", format: { codec: "l16", rateHz: 16000 } },
      ],
      [
        "media",
        '{"sequenceNumber":4,"streamId":"b77e037d","event":"media","media":{"track":"inbound","timestamp":"1723023456789","chunk":2,"payload":"AAAA"},"extra_headers":""}',
        { event: "media", chunk: 2, timestampMs: 1_723_023_456_789 },
      ],
      [
        "key",
        '{"event":"dtmf","dtmf":{"track":"inbound","digit":"#","timestamp":"1723023456789"},"streamId":"b77e037d","sequenceNumber":9}',
        { event: "dtmf", digit: "#" },
      ],
      ["mark", '{"event":"playedStream","name":"u1","streamId":"b77e037d"}', { name: "u1" }],
      [
        "mark, as it was called",
        '{"event":"played","name":"u1","streamId":"b77e037d"}',
        { name: "u1" },
      ],
      ["clear", '{"event":"clearedAudio","streamId":"b77e037d"}', { event: "ignored" }],
    ],
  ],
  exotel: [
    parseExotel,
    [
      [
        "start",
        '{"event":"start","sequence_number":"1","stream_sid":"s1","start":{"stream_sid":"s1","call_sid":"c1","account_sid":"a1","from":"0123","to":"0456","custom_parameters":{"job":"42"},"media_format":{"encoding":"base64","sample_rate":"8000","bit_rate":"16"}}}',
        { streamId: "s1", format: { codec: "l16", rateHz: 8000 }, parameters: { job: "42" } },
      ],
      [
        "media",
        '{"event":"media","sequence_number":"3","stream_sid":"s1","media":{"chunk":"2","timestamp":"100","payload":"AAAA"}}',
        { event: "media", chunk: 2, timestampMs: 100, payload: "AAAA" },
      ],
      ["mark", '{"event":"mark","stream_sid":"s1","mark":{"name":"u1"}}', { name: "u1" }],
      [
        "key",
        '{"event":"dtmf","sequence_number":"5","stream_sid":"s1","dtmf":{"digit":"0","duration":"100"}}',
        { event: "dtmf", digit: "0" },
      ],
      [
        "stop",
        '{"event":"stop","sequence_number":"9","stream_sid":"s1","stop":{"call_sid":"c1","account_sid":"a1","reason":"callended"}}',
        { event: "stop" },
      ],
    ],
  ],
  vonage: [
    parseVonage,
    [
      [
        "start",
        '{"event":"websocket:connected","content-type":"audio/l16;rate=16000","prop1":"value1","callId":"c1"}',
        { format: { codec: "l16", rateHz: 16000 }, parameters: { prop1: "value1", callId: "c1" } },
      ],
      [
        "key",
        '{"event":"websocket:dtmf","digit":"5","duration":260}',
        { event: "dtmf", digit: "5" },
      ],
      ["key, nested", '{"event":"websocket:dtmf","dtmf":{"digit":"5"}}', { digit: "5" }],
      ["key, bare", '{"event":"websocket:dtmf","dtmf":"5"}', { digit: "5" }],
      ["clear", '{"event":"websocket:cleared"}', { event: "ignored" }],
      [
        "mark",
        '{"event":"websocket:notify","payload":{"mark":"u1"}}',
        { event: "mark", name: "u1", isPlayed: true },
      ],
    ],
  ],
  "jambonz and mod_audio_fork": [
    parseAudioFork,
    [
      [
        "start",
        '{"callSid":"0b3f","direction":"outbound","from":"1","to":"2","sampleRate":16000,"mixType":"mono","job":"42"}',
        { format: { codec: "l16", rateHz: 16000 }, peerIds: { callSid: "0b3f" } },
      ],
      ["key", '{"event":"dtmf","dtmf":"1","duration":"1600"}', { event: "dtmf", digit: "1" }],
      [
        "mark",
        '{"type":"mark","data":{"name":"m","event":"playout"}}',
        { event: "mark", name: "m", isPlayed: true },
      ],
      [
        "mark, cleared",
        '{"type":"mark","data":{"name":"m","event":"cleared"}}',
        { isPlayed: false },
      ],
    ],
  ],
  mod_audio_stream: [
    (text) => parseAudioStream(text, "callId=c1&rate=16000"),
    [
      [
        "start, with the metadata of uuid_audio_stream",
        '{"call":"c1","token":"t"}',
        {
          event: "start",
          format: { codec: "l16", rateHz: 16000 },
          parameters: { call: "c1", token: "t" },
        },
      ],
      [
        "key, passed on by send_text",
        '{"event":"dtmf","digit":"5"}',
        { event: "dtmf", digit: "5" },
      ],
      ["other text, passed on by send_text", "hold the line", { event: "ignored" }],
    ],
  ],
  asterisk: [
    parseAsterisk,
    [
      [
        "start",
        '{"event":"MEDIA_START","connection_id":"engine","channel":"WebSocket/engine/0x7f","channel_id":"media-123","format":"slin16","optimal_frame_size":640,"ptime":20,"channel_variables":{"MEDIA_WEBSOCKET_CONNECTION_ID":"engine"}}',
        { event: "start", format: { codec: "l16", rateHz: 16000 } },
      ],
      [
        "start, plain",
        "MEDIA_START connection_id:e channel:WebSocket/e/0x7f channel_id:m-1 format:ulaw optimal_frame_size:160 ptime:20",
        { event: "start", format: { codec: "pcmu", rateHz: 8000 } },
      ],
      ["full", '{"event":"MEDIA_XOFF","channel_id":"m-1"}', { event: "full" }],
      ["room, plain", "MEDIA_XON", { event: "room" }],
      ["drained", '{"event":"QUEUE_DRAINED","channel_id":"m-1"}', { event: "ignored" }],
      ["drained, plain", "QUEUE_DRAINED", { event: "ignored" }],
      [
        "status, plain",
        "STATUS channel_id:m-1 queue_length:0 xon_level:800 xoff_level:900 queue_full:false",
        { event: "ignored" },
      ],
      [
        "error",
        '{"event":"ERROR","channel_id":"m-1","error_text":"Unable to parse"}',
        { event: "ignored" },
      ],
      [
        "mark",
        '{"event":"MEDIA_MARK_PROCESSED","channel_id":"m-1","correlation_id":"u1"}',
        { event: "mark", name: "u1" },
      ],
      ["mark, plain", "MEDIA_MARK_PROCESSED u1", { event: "mark", name: "u1" }],
      [
        "key",
        '{"event":"DTMF_END","channel_id":"media-123","digit":"1"}',
        { event: "dtmf", digit: "1" },
      ],
      ["key, plain", "DTMF_END digit:5 channel_id:m-1", { event: "dtmf", digit: "5" }],
    ],
  ],
  audiohook: [
    parseAudioHook,
    [
      [
        "open",
        '{"version":"2","id":"e160e428-53e2-487c-977d-96989bf5c99d","type":"open","seq":1,"serverseq":0,"position":"PT0S","parameters":{"organizationId":"d7934305-0972-4844-938e-9060eef73d05","conversationId":"090eaa2f-72fa-480a-83e0-8667ff89c0ec","participant":{"id":"883efee8-3d6c-4537-b500-6d7ca4b92fa0","ani":"+1-555-555-1234","aniName":"J","dnis":"+1-800-555-6789"},"media":[{"type":"audio","format":"PCMU","channels":["external","internal"],"rate":8000},{"type":"audio","format":"PCMU","channels":["external"],"rate":8000}],"language":"en-US"}}',
        { seq: 1, serverSeq: 0, said: { event: "open", isProbe: false } },
      ],
      [
        "ping",
        '{"version":"2","id":"e160e428","type":"ping","seq":2,"serverseq":1,"position":"PT1.2S","parameters":{"rtt":"PT0.048S"}}',
        { said: { event: "ping" } },
      ],
      [
        "key",
        '{"version":"2","id":"e160e428","type":"dtmf","seq":4,"serverseq":1,"position":"PT3S","parameters":{"digit":"4"}}',
        { said: { event: "dtmf", digit: "4" } },
      ],
      [
        "playback over",
        '{"version":"2","id":"e160e428","type":"playback_completed","seq":5,"serverseq":2,"position":"PT4S","parameters":{}}',
        { said: { event: "playbackCompleted" } },
      ],
      [
        "close",
        '{"version":"2","id":"e160e428","type":"close","seq":6,"serverseq":2,"position":"PT9S","parameters":{"reason":"end"}}',
        { said: { event: "close" } },
      ],
      [
        "discarded",
        '{"version":"2","id":"e160e428","type":"discarded","seq":3,"serverseq":1,"position":"PT5S","parameters":{"start":"PT3.6S","discarded":"PT1.4S"}}',
        { said: { event: "discarded", lengthMs: 1400 } },
      ],
    ],
  ],
};

describe.each(Object.entries(vectors))("messages of %s", (_name, [parse, cases]) => {
  test.each(cases)("%s", (_what, text, understood) => {
    expect(parse(text)).toMatchObject(understood);
  });
});

describe("what vendors are sent", () => {
  const audio = Uint8Array.of(0x7f, 0x7f, 0x7f, 0x7f, 0x7f);
  const start = { streamId: "S", format: { codec: "l16", rateHz: 16000 } } as never;

  test("is as their documentation has it", () => {
    expect(twilioWriter("MZ1").media(audio)).toBe(
      '{"event":"media","streamSid":"MZ1","media":{"payload":"f39/f38="}}',
    );
    expect(twilioWriter("MZ1").mark("u1-end")).toBe(
      '{"event":"mark","streamSid":"MZ1","mark":{"name":"u1-end"}}',
    );
    expect(twilioWriter("MZ1").clear()).toBe('{"event":"clear","streamSid":"MZ1"}');
    expect(telnyxWriter.media(audio)).toBe('{"event":"media","media":{"payload":"f39/f38="}}');
    expect(telnyxWriter.clear()).toBe('{"event":"clear"}');
    expect(plivoWriter(start).media(audio)).toBe(
      '{"event":"playAudio","media":{"contentType":"audio/x-l16","sampleRate":16000,"payload":"f39/f38="}}',
    );
    expect(plivoWriter(start).mark("u1")).toBe('{"event":"checkpoint","streamId":"S","name":"u1"}');
    expect(plivoWriter(start).clear()).toBe('{"event":"clearAudio","streamId":"S"}');
    expect(exotelWriter(start).clear()).toBe('{"event":"clear","stream_sid":"S"}');
  });

  const writerOf = (message: BinaryStreamMessage): BinaryStreamWriter => {
    if (message.event !== "start") throw new Error(`${message.event} is no start`);
    return message.writer;
  };

  test("is audio and text for Exotel and Plivo by the name of their stream", () => {
    const exotel = exotelWriter(start);
    expect(exotel.media(audio)).toBe(
      '{"event":"media","stream_sid":"S","media":{"payload":"f39/f38="}}',
    );
    expect(exotel.mark("u1")).toBe('{"event":"mark","stream_sid":"S","mark":{"name":"u1"}}');
    expect(telnyxWriter.mark("u1")).toBe('{"event":"mark","mark":{"name":"u1"}}');
  });

  test("is text beside binary audio for Vonage and jambonz", () => {
    const connected = '{"event":"websocket:connected","content-type":"audio/l16;rate=16000"}';
    const vonage = writerOf(parseVonage(connected));
    expect(Object.keys(vonage)).not.toContain("media");
    expect(vonage.clear()).toEqual(['{"action":"clear"}']);
    expect(vonage.mark!("u1")).toBe('{"action":"notify","payload":{"mark":"u1"}}');
    const jambonz = writerOf(parseAudioFork('{"callSid":"0b3f","sampleRate":16000}'));
    expect(Object.keys(jambonz)).not.toContain("media");
    expect(jambonz.clear()).toEqual(['{"type":"killAudio"}']);
    expect(jambonz.mark!("m")).toBe('{"type":"mark","data":{"name":"m"}}');
    expect(jambonz.hangup!()).toBe('{"type":"disconnect"}');
  });

  test("is a file each for mod_audio_stream, or binary where its edition plays that", () => {
    const files = audioStreamStart("rate=8000").writer;
    expect(files.media!(audio)).toBe(
      '{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":8000,"audioData":"f39/f38="}}',
    );
    expect(Object.keys(audioStreamStart("playback=binary").writer)).toEqual(["clear"]);
    expect(files.clear()).toEqual(['{"type":"killAudio"}']);
    expect(() => audioStreamStart("rate=8001")).toThrow(/rate/);
  });

  test("is an envelope with both sides' numbers for Genesys", () => {
    const position = { id: "e160e428", seq: 1, clientSeq: 1 };
    const media = { format: "PCMU", channels: ["external"], rate: 8000 };
    expect(JSON.parse(audioHookText("opened", position, { media: [media] }))).toEqual({
      ...{ version: "2", id: "e160e428", type: "opened", seq: 1, clientseq: 1 },
      parameters: { media: [media] },
    });
  });

  test("is commands to Asterisk, in its order", () => {
    const commands = ["REPORT_QUEUE_DRAINED", "FLUSH_MEDIA", "CONTINUE_MEDIA"];
    expect(asteriskWriter("json").clear()).toEqual(
      commands.map((command) => `{"command":"${command}"}`),
    );
    expect(asteriskWriter("plain").clear()).toEqual(commands);
    expect(asteriskWriter("json").mark!("u1")).toBe(
      '{"command":"MARK_MEDIA","correlation_id":"u1"}',
    );
    expect(asteriskWriter("json").hangup!()).toBe('{"command":"HANGUP"}');
  });
});

test("packets of AudioSocket are big-endian by length, with samples as they are", () => {
  const uuid = "40325ec2 5efd 4bd3 805f 53576e581d13".replaceAll(" ", "");
  const bytes = Buffer.from(`010010${uuid}` + "03000135" + "100004" + "01000200" + "000000", "hex");
  const packets: unknown[] = [];
  // Byte by byte, as TCP may bring them.
  const splitter = new AudioSocketSplitter();
  for (const byte of bytes) {
    splitter.take(Uint8Array.of(byte), (packet) => packets.push(readAudioSocket(packet.slice())));
  }
  expect(packets).toMatchObject([
    { kind: "id", uuid: "40325ec2-5efd-4bd3-805f-53576e581d13" },
    { kind: "dtmf", digit: "5" },
    { kind: "audio", payload: Uint8Array.of(1, 0, 2, 0) },
    { kind: "hangup" },
  ]);
});
