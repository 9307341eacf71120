/** Who may connect, and by which certificate: the words of the file → the names of `Config`. */
import { resolve } from "node:path";
import { accessDefaults } from "./default-config.js";
import type { FileDraft } from "./file-schema.js";
import { said } from "./said.js";
import type { AccessConfig, TlsConfig } from "./schema.js";

/** The secrets of `gateway.access`. */
export type AccessSecrets = Partial<
  Pick<
    AccessConfig,
    "twilioAuthToken" | "vonageSignatureSecret" | "audiohookApiKey" | "audiohookSecret"
  >
>;

type Gateway = NonNullable<FileDraft["gateway"]>;

export function accessOf(given: Gateway["access"], secrets: AccessSecrets): AccessConfig {
  const { allow, proxies, origins, upgradesPerSecond, failuresPerMinute } = given ?? {};
  const lists = said({ allow, proxies, origins, upgradesPerSecond, failuresPerMinute });
  return { ...accessDefaults, ...lists, ...secrets };
}

/** Half of a pair is none: it has been reported. */
export function tlsOf(given: Gateway["tls"], folder: string): TlsConfig | undefined {
  if (given?.cert === undefined || given.key === undefined) return undefined;
  return { certFile: resolve(folder, given.cert), keyFile: resolve(folder, given.key) };
}
