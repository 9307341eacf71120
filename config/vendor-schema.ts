/** The shape of `recognition.vendors[]`: a recogniser on the network. */
import { z } from "zod";
import { limits } from "./limits.js";
import { duration, flag, listOf, part, path, secret, text, whole } from "./schema-parts.js";
import { recognitionVendorNames } from "./schema.js";

const urlRule =
  'must be a ws:// or wss:// URL without credentials, like "wss://asr.example.com/ws"';

function isVendorUrl(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, hash, username, password } = new URL(given);
  return /^wss?:$/.test(protocol) && hash === "" && username === "" && password === "";
}

const rate = z.union([z.literal(8000), z.literal(16_000)], { error: "must be 8000 or 16000" });

export const recognitionVendor = part({
  name: text(
    'must be a name: a letter, then letters, digits, "_" or "-", at most 40 characters',
    /^[A-Za-z][A-Za-z0-9_-]{0,39}$/,
  ).optional(),
  vendor: z.enum(recognitionVendorNames, {
    error: `must be one of ${recognitionVendorNames.join(", ")}`,
  }),
  url: z.string({ error: urlRule }).refine(isVendorUrl, { error: urlRule }),
  key: secret,
  streamsMax: whole(limits.recognitionVendor.streamsMax),
  warm: whole(limits.recognitionVendor.warmCount),
  connect: duration(limits.recognitionVendor.connectMsMax),
  final: duration(limits.recognitionVendor.finalMsMax),
  replaySpeed: whole(limits.recognitionVendor.replaySpeed),
  rates: listOf(rate, "sample rates in Hz"),
  endMessage: text(
    "must be the text of a message, at most 500 characters",
    /^.{1,500}$/,
  ).optional(),
  finalField: text("must be the name of a field", /^[\w.-]{1,60}$/).optional(),
  language: text(
    'must be a language like "en-US", or "multi"',
    /^(multi|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)$/,
  ).optional(),
  languages: listOf(
    text('must be a language like "en" or "en-US"', /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/),
    "languages",
  ),
  hotWords: listOf(text("must be a word or a few", /^[^\0]{1,60}$/), "words to listen for"),
  caFile: path.optional(),
  closedGrammar: flag,
  model: text("must be the name of a model", /^[\w.:/-]{1,80}$/).optional(),
  appId: whole(limits.recognitionVendor.vendorId),
  devPid: whole(limits.recognitionVendor.vendorId),
  lmId: whole(limits.recognitionVendor.vendorId),
});
