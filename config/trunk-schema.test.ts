import { describe, expect, test } from "vitest";
import { ConfigError } from "./config-errors.js";
import { loadConfig } from "./load-config.js";

/** Line, path and words of each mistake. */
function messagesOf(source: string, env: Record<string, string> = {}): string[] {
  try {
    loadConfig(source, { fileName: "test.yaml", env });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.mistakes.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  }
}

describe("a trunk in a configuration", () => {
  test("of FreeSWITCH has an address, a rate that it knows, and a sensible limit", () => {
    const odd = "{ name: a, kind: freeswitch, address: here, rate: 44100, callsPerSecond: 0 }";
    expect(messagesOf(`trunks: [${odd}]`)).toEqual([
      expect.stringMatching(/^1 trunks.0.address: must be host and port .*, not "here"$/),
      expect.stringMatching(/^1 trunks.0.rate: must be 8000 or 16000, not 44100$/),
      expect.stringMatching(/^1 trunks.0.callsPerSecond: must be a number of calls .*, not 0$/),
    ]);
  });

  test("says what its kind needs and what it does not have", () => {
    const lacking = "{ name: a, kind: freeswitch, address: 'x:1', user: u }";
    expect(messagesOf(`trunks: [${lacking}]`)).toEqual([
      expect.stringMatching(/^1 trunks.0.password: must be given: .* address, password, endpoint/),
      expect.stringMatching(/^1 trunks.0.endpoint: must be given/),
      expect.stringMatching(/^1 trunks.0.user: must be left out: a trunk of kind freeswitch has/),
    ]);
  });

  test("that is a carrier has a number of its own, and the gateway an address outside", () => {
    const twilio =
      "{ name: a, kind: twilio, account: AC1, password: { env: T }, webhookUrl: 'https://x', callerId: '5' }";
    expect(messagesOf(`trunks: [${twilio}]`, { T: "t" })).toEqual([
      expect.stringMatching(/^1 trunks.0.callerId: must be a number that the carrier knows/),
    ]);
    const noGateway = twilio.replace("'5'", "'+15550100'");
    expect(messagesOf(`trunks: [${noGateway}]`, { T: "t" })).toEqual([
      expect.stringMatching(/^1 trunks.0.kind: trunk "a" is a carrier.*gateway.advertisedUrl/),
    ]);
  });
});
