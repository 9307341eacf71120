/** The shape of `synthesis.vendors[]`: a voice on the network, or in a process of its own. */
import { z } from "zod";
import { limits } from "./limits.js";
import { duration, listOf, part, path, secret, text, whole } from "./schema-parts.js";
import { voiceVendorNames } from "./schema.js";

const urlRule =
  'must be a URL (http, https, ws or wss) without credentials, like "https://tts.example.com/v1"';

function isVoiceUrl(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, hash, username, password } = new URL(given);
  return /^(https?|wss?):$/.test(protocol) && hash === "" && username === "" && password === "";
}

const url = z.string({ error: urlRule }).refine(isVoiceUrl, { error: urlRule }).optional();
const voiceName = text("must be the name of a voice, at most 100 characters", /^[^\0\n]{1,100}$/);
const flowVoice = text("must be the name of a voice as flows have it", /^[^\0\n]{1,100}$/);
const speedRule = "must be a number from 0.5 to 2";

export const voiceVendor = part({
  name: text(
    'must be a name: a letter, then letters, digits, "_" or "-", at most 40 characters',
    /^[A-Za-z][A-Za-z0-9_-]{0,39}$/,
  ).optional(),
  vendor: z.enum(voiceVendorNames, { error: `must be one of ${voiceVendorNames.join(", ")}` }),
  url,
  key: secret,
  secretKey: secret,
  tokenUrl: url,
  voices: z
    .record(flowVoice, voiceName, {
      error: "must be a map: names of voices in flows to names of the vendor's",
    })
    .optional(),
  voice: voiceName.optional(),
  languages: listOf(
    text('must be a language like "en" or "en-US"', /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/),
    "languages",
  ),
  streamsMax: whole(limits.voiceVendor.streamsMax),
  connect: duration(limits.voiceVendor.connectMsMax),
  firstSound: duration(limits.voiceVendor.firstSoundMsMax),
  stall: duration(limits.voiceVendor.stallMsMax),
  speed: z
    .number({ error: speedRule })
    .min(0.5, { error: speedRule })
    .max(2, { error: speedRule })
    .optional(),
  model: text("must be the name of a model", /^[\w.:/-]{1,80}$/).optional(),
  rateHz: whole(limits.voiceVendor.rateHz),
  caFile: path.optional(),
  program: path.optional(),
});
