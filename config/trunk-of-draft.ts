/** One trunk as a file says it → as the engine uses it, its defaults filled in. Pure. */
import { resolve } from "node:path";
import type { FileDraft } from "./file-schema.js";
import type { FileContext } from "./file-to-config.js";
import { said } from "./said.js";
import type {
  AsteriskTrunkConfig,
  CarrierTrunkConfig,
  FreeSwitchTrunkConfig,
  TrunkConfig,
} from "./schema.js";

type TrunkDraft = NonNullable<FileDraft["trunks"]>[number];

/** Names our channels at a switch. */
const defaultApp = "voxtree";

/** @param index the trunk's place in the file, where its secrets are */
export function trunkOf(
  draft: TrunkDraft,
  index: number,
  { folder, trunkPasswords, trunkSignatureSecrets }: FileContext,
): TrunkConfig {
  const { name, kind, callsMax, callsPerSecond } = draft;
  const common = { name, ...said({ callsMax, callsPerSecondMax: callsPerSecond }) };
  const password = trunkPasswords[index] ?? "";
  switch (kind) {
    case "loopback": {
      const scripts = draft.scripts?.map((path) => resolve(folder, path));
      return { ...common, kind, ...said({ scripts }) };
    }
    case "asterisk":
      return { ...common, ...asteriskOf(draft), password };
    case "freeswitch":
      return { ...common, ...freeSwitchOf(draft), password };
    case "twilio":
    case "telnyx":
    case "vonage":
    case "plivo": {
      const signatureSecret = trunkSignatureSecrets[index];
      return { ...common, ...carrierOf(draft, kind), password, ...said({ signatureSecret }) };
    }
  }
}

// The schema has seen to it that what is needed is there; a wrong one has been reported.

function asteriskOf(draft: TrunkDraft): Omit<AsteriskTrunkConfig, "name" | "password"> {
  const { url, user, endpoint, app, callerId, mediaClient, format } = draft;
  return {
    kind: "asterisk",
    url: url ?? "",
    user: user ?? "",
    endpoint: endpoint ?? "",
    app: app ?? defaultApp,
    mediaClient: mediaClient ?? "voxtree",
    format: format ?? "auto",
    ...said({ callerId }),
  };
}

function freeSwitchOf(draft: TrunkDraft): Omit<FreeSwitchTrunkConfig, "name" | "password"> {
  const { address, endpoint, app, callerId, media, rate } = draft;
  return {
    kind: "freeswitch",
    host: address?.host ?? "",
    port: address?.port ?? 0,
    endpoint: endpoint ?? "",
    app: app ?? defaultApp,
    media: media ?? "audio_fork",
    rateHz: rate ?? 8000,
    ...said({ callerId }),
  };
}

function carrierOf(
  draft: TrunkDraft,
  kind: CarrierTrunkConfig["kind"],
): Omit<CarrierTrunkConfig, "name" | "password"> {
  const { url, account, publicKey, codec, webhookUrl, callerId, machineDetection } = draft;
  return {
    kind,
    account: account ?? "",
    webhookUrl: webhookUrl ?? "",
    callerId: callerId ?? "",
    detectsMachines: machineDetection ?? false,
    ...said({ url, publicKey, codec }),
  };
}
