/** The shape of `trunks[]`: what dials. Which keys a trunk may have, its kind decides. */
import { z } from "zod";
import { isLoopback } from "./loopback-host.js";
import { limits } from "./limits.js";
import { flag, listOf, part, secret, text, whole } from "./schema-parts.js";
import {
  asteriskFormats,
  freeSwitchMedia,
  telnyxCodecs,
  trunkKinds,
  type TrunkConfig,
} from "./schema.js";

const yamlPath = text('must be the path of a ".yaml" or ".yml" file', /^[^\0]+\.ya?ml$/);
const urlRule =
  'must be the http:// or https:// URL of a REST interface without credentials, like "http://127.0.0.1:8088/ari"';

const addressRule = 'must be host and port of the Event Socket, like "127.0.0.1:8021"';

/** A host name or IPv4 address, and a port. */
function addressOf(given: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, port] = /^([A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(given) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return { host, port: Number(port) };
}

const rateRule = "must be a number of calls a second from 0.01 to 1000";

function isRestUrl(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, search, hash, username } = new URL(given);
  return /^https?:$/.test(protocol) && search === "" && hash === "" && username === "";
}

/** Keys of a carrier, and those that only this one has. */
function carrier(own: readonly string[], neededToo: readonly string[]) {
  const needed = ["account", "password", "webhookUrl", "callerId"];
  return {
    all: [...needed, "url", "machineDetection", ...own],
    needed: [...needed, ...neededToo],
  };
}

const webhookRule =
  'must be the https:// URL, without query, at which the carrier finds the control API, like "https://voice.example.com"';

function isWebhookUrl(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, search, hash, username, hostname } = new URL(given);
  const isTls = protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
  return isTls && search === "" && hash === "" && username === "";
}

/** What every trunk may have. */
const common = ["name", "kind", "callsMax", "callsPerSecond"];

/** Further keys, and which of them a trunk cannot do without. */
const keysOf: Readonly<
  Record<
    TrunkConfig["kind"],
    { readonly all: readonly string[]; readonly needed: readonly string[] }
  >
> = {
  loopback: { all: ["scripts"], needed: [] },
  asterisk: {
    all: ["url", "user", "password", "app", "endpoint", "callerId", "mediaClient", "format"],
    needed: ["url", "user", "password", "endpoint"],
  },
  freeswitch: {
    all: ["address", "password", "app", "endpoint", "callerId", "media", "rate"],
    needed: ["address", "password", "endpoint"],
  },
  twilio: carrier([], []),
  telnyx: carrier(["publicKey", "codec"], ["publicKey"]),
  vonage: carrier(["signatureSecret"], ["signatureSecret"]),
  plivo: carrier([], []),
};

export const trunk = part({
  name: text(
    'must be a name: a letter, then letters, digits, "_" or "-", at most 40 characters',
    /^[A-Za-z][A-Za-z0-9_-]{0,39}$/,
  ),
  kind: z.enum(trunkKinds, { error: `must be one of ${trunkKinds.join(", ")}` }),
  callsMax: whole(limits.trunk.callsMax),
  callsPerSecond: z
    .number({ error: rateRule })
    .refine((rate) => rate >= 0.01 && rate <= 1000, { error: rateRule })
    .optional(),
  scripts: listOf(yamlPath, "paths of callee scripts"),
  url: z
    .string({ error: urlRule })
    .refine(isRestUrl, { error: urlRule })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional(),
  user: text("must be the name of a user in ari.conf", /^[\w.-]{1,80}$/).optional(),
  password: secret,
  app: text("must be a name of letters, digits, _ and -", /^[A-Za-z0-9_-]{1,40}$/).optional(),
  endpoint: text(
    'must be a dial string with {to} in it, like "PJSIP/{to}@trunk"',
    /^[^\s{}]*\{to\}[^\s{}]*$/,
  ).optional(),
  callerId: text("must be a number", /^[0-9+*#]{1,32}$/).optional(),
  mediaClient: text(
    "must be the name of a section in websocket_client.conf",
    /^[\w.-]{1,80}$/,
  ).optional(),
  account: text("must be the id of the account or application", /^[\w-]{1,80}$/).optional(),
  signatureSecret: secret,
  publicKey: text(
    "must be the carrier's public key: 32 bytes in base64",
    /^[A-Za-z0-9+/]{43}=$/,
  ).optional(),
  webhookUrl: z
    .string({ error: webhookRule })
    .refine(isWebhookUrl, { error: webhookRule })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional(),
  codec: z.enum(telnyxCodecs, { error: `must be one of ${telnyxCodecs.join(", ")}` }).optional(),
  machineDetection: flag,
  address: z
    .string({ error: addressRule })
    .refine((given) => addressOf(given) !== undefined, { error: addressRule })
    .transform((given) => addressOf(given)!)
    .optional(),
  media: z
    .enum(freeSwitchMedia, { error: `must be one of ${freeSwitchMedia.join(", ")}` })
    .optional(),
  rate: z.literal([8000, 16000], { error: "must be 8000 or 16000" }).optional(),
  format: z
    .enum(asteriskFormats, { error: `must be one of ${asteriskFormats.join(", ")}` })
    .optional(),
}).superRefine((given, context) => {
  const { all, needed } = keysOf[given.kind];
  const isCarrier = needed.includes("webhookUrl");
  if (isCarrier && given.callerId !== undefined && !/^\+[1-9]\d{3,14}$/.test(given.callerId)) {
    const message = 'must be a number that the carrier knows as yours, like "+15550100" (E.164)';
    context.addIssue({ code: "custom", path: ["callerId"], message });
  }
  for (const key of needed) {
    if (Object.hasOwn(given, key)) continue;
    const message = `must be given: a trunk of kind ${given.kind} needs ${needed.join(", ")}`;
    context.addIssue({ code: "custom", path: [key], message });
  }
  for (const key of Object.keys(given)) {
    if (common.includes(key) || all.includes(key)) continue;
    const message = `must be left out: a trunk of kind ${given.kind} has ${all.join(", ")}`;
    context.addIssue({ code: "custom", path: [key], message });
  }
});
