/** What an engine may be given beside its configuration. */
import type { ThreadHost, Time } from "../../base/ports.js";
import type { Trunk } from "../../access/trunks/trunk.js";
import type { lockDataDir } from "../../storage/data-lock.js";
import type { JobPool } from "../jobs/job-pool.js";
import type { AdmissionLimits } from "./admission.js";

/** What a test or an embedder may put in the place of our own. */
export type NodeParts = {
  readonly time?: Time;
  readonly threadHost?: ThreadHost;
  readonly jobs?: JobPool;
  /** Signs the tokens with which lost media connections come back. Secret. */
  readonly resumeKey?: Uint8Array;
  /** Ids of calls, unique for ever. */
  readonly newCallId?: () => string;
  /** Beside those of the configuration. */
  readonly trunks?: readonly Trunk[];
  /** Takes the data directory for this engine alone. Default: a lock of the kernel's. */
  readonly lockData?: typeof lockDataDir;
  /** Shards for suspects at a time. */
  readonly quarantineMax?: number | undefined;
  /** When a call is refused by what is measured. */
  readonly admission?: AdmissionLimits;
  readonly log?: (level: "info" | "warn" | "error", message: string, fields: object) => void;
};
