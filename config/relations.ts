/**
 * How the parts of a configuration must fit together. Ranges of single values are the schema's
 * business; here two or more of them contradict each other, or one is unsafe without another.
 */
import { analyzerSettings } from "./analyzer-config.js";
import { isLoopback } from "./loopback-host.js";
import { frameMs } from "./limits.js";
import { carrierNames, type Config } from "./schema.js";
import { formatDuration, formatSize } from "./units.js";
import { vendorSettings } from "./vendor-relations.js";
import { voiceSettings } from "./voice-relations.js";
import { voiceprintSettings } from "./voiceprint-config.js";
import type { DocumentPath } from "./yaml-document.js";

/** One contradiction, in the words of the file. */
export type Contradiction = {
  /** The value that is easiest to change. */
  readonly path: DocumentPath;
  /** The other values that take part. */
  readonly dependsOn: readonly DocumentPath[];
  /** The values, and what would be right. */
  readonly message: string;
};

/** Every contradiction of a configuration. */
export function findContradictions(config: Config): Contradiction[] {
  return [
    ...gatewayTimes(config),
    ...gatewaySizes(config),
    ...callLimits(config),
    ...exposure(config),
    ...names(config),
    ...carriers(config),
    ...vendorSettings(config),
    ...voiceSettings(config),
    ...analyzerSettings(config),
    ...voiceprintSettings(config),
  ];
}

function found(
  isFound: boolean,
  path: DocumentPath,
  dependsOn: readonly DocumentPath[],
  message: string,
): Contradiction[] {
  return isFound ? [{ path, dependsOn, message }] : [];
}

function gatewayTimes({ gateway }: Config): Contradiction[] {
  const { playoutLeadMs, startMsMax, idleMsMax } = gateway;
  const lead = formatDuration(playoutLeadMs);
  const start = formatDuration(startMsMax);
  const idle = formatDuration(idleMsMax);
  return [
    ...found(
      playoutLeadMs % frameMs !== 0,
      ["gateway", "playoutLead"],
      [],
      `must be a multiple of ${frameMs}ms, the length of a frame, not ${lead}`,
    ),
    ...found(
      startMsMax > idleMsMax,
      ["gateway", "start"],
      [["gateway", "idle"]],
      `${start} is over gateway.idle (${idle}), which would cut it short`,
    ),
  ];
}

function gatewaySizes({ gateway, http }: Config): Contradiction[] {
  const buffered = formatSize(gateway.bufferedBytesMax);
  const message = formatSize(gateway.messageBytesMax);
  return [
    ...found(
      gateway.bufferedBytesMax < gateway.messageBytesMax,
      ["gateway", "bufferedBytesMax"],
      [["gateway", "messageBytesMax"]],
      `${buffered} does not hold one message: at least gateway.messageBytesMax (${message})`,
    ),
    ...found(
      http.port !== 0 && http.port === gateway.port,
      ["http", "port"],
      [["gateway", "port"]],
      `${http.port} is the port of the gateway too; they listen apart`,
    ),
  ];
}

function callLimits({ calls, gateway }: Config): Contradiction[] {
  const { callsMax, ringMsMax, answerMsMax } = calls;
  const answer = formatDuration(answerMsMax);
  const ring = formatDuration(ringMsMax);
  return [
    ...found(
      callsMax > gateway.connectionsMax,
      ["calls", "max"],
      [["gateway", "connectionsMax"]],
      `${callsMax} calls need as many sockets; gateway.connectionsMax is ${gateway.connectionsMax}`,
    ),
    ...found(
      answerMsMax <= ringMsMax,
      ["calls", "answerMax"],
      [["calls", "ringMax"]],
      `${answer} includes the ringing, so it must be over calls.ringMax (${ring})`,
    ),
  ];
}

function exposure({ gateway, http }: Config): Contradiction[] {
  const { audiohookSecret, audiohookApiKey } = gateway.access;
  return [
    ...found(
      audiohookSecret !== undefined && audiohookApiKey === undefined,
      ["gateway", "access", "audiohookSecret"],
      [["gateway", "access", "audiohookApiKey"]],
      "names no key: Genesys' signatures are by gateway.access.audiohookApiKey",
    ),
    ...found(
      !isLoopback(gateway.host) && gateway.tls === undefined,
      ["gateway", "host"],
      [["gateway", "tls"]],
      `"${gateway.host}" can be reached from outside, and tokens would travel in the clear: set ` +
        "gateway.tls, or use 127.0.0.1 or ::1 behind a proxy that ends TLS, whose wss:// URL goes " +
        "to gateway.advertisedUrl",
    ),
    ...found(
      !isLoopback(gateway.host) &&
        gateway.audioSocketPort !== undefined &&
        gateway.access.allow.length === 0,
      ["gateway", "audioSocketPort"],
      [["gateway", "host"]],
      "AudioSocket has no TLS: name the addresses of your Asterisk in gateway.access.allow",
    ),
    ...found(
      gateway.tls !== undefined && gateway.transport === "uws",
      ["gateway", "transport"],
      [["gateway", "tls"]],
      "uws has no TLS here: use auto, lean or ws with gateway.tls",
    ),
    ...found(
      !isLoopback(http.host) && http.apiToken === undefined,
      ["http", "host"],
      [["http", "apiToken"]],
      `"${http.host}" can be reached from outside, so http.apiToken must be set, for example ` +
        "apiToken: { env: VOXTREE_API_TOKEN }; without it use 127.0.0.1 or ::1",
    ),
  ];
}

/** A carrier calls from outside: the gateway's own address means nothing to it. */
function carriers({ trunks, gateway }: Config): Contradiction[] {
  return trunks.flatMap(({ kind, name }, index) =>
    found(
      carrierNames.some((carrier) => carrier === kind) && gateway.advertisedUrl === undefined,
      ["trunks", index, "kind"],
      [["gateway", "advertisedUrl"]],
      `trunk "${name}" is a carrier, which opens media streams to us from outside: ` +
        'gateway.advertisedUrl must say where, like "wss://voice.example.com"',
    ),
  );
}

function names({ trunks, recognition, synthesis }: Config): Contradiction[] {
  return [
    ...twice(["trunks"], "trunk", trunks),
    ...twice(["recognition", "vendors"], "recogniser", recognition.vendors),
    ...twice(["synthesis", "vendors"], "voice", synthesis.vendors),
  ];
}

function twice(
  path: DocumentPath,
  what: string,
  items: readonly { readonly name: string }[],
): Contradiction[] {
  const names = items.map(({ name }) => name);
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    const message = `"${name}" is the name of ${what} ${first + 1} too; names are unique`;
    return found(first !== index, [...path, index, "name"], [], message);
  });
}
