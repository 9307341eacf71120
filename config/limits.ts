/**
 * What a configuration may say: the range of every number, each with its unit. The defaults are
 * beside them, since a default outside of its range would be a mistake of ours.
 */

/** A whole number within `min` and `max`, both included. */
export type Limit = { readonly min: number; readonly max: number; readonly default: number };

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const kib = 1024;
const mib = 1024 * kib;

export const limits = {
  gateway: {
    port: { min: 0, max: 65_535, default: 8080 },
    /** Off, unless it is said. */
    audioSocketPort: { min: 0, max: 65_535, default: 9092 },
    connectionsMax: { min: 1, max: 100_000, default: 2000 },
    /** Calls at once on one connection of the native protocol. */
    streamsMax: { min: 1, max: 65_536, default: 4096 },
    /** A 20 ms frame at 48 kHz L16 is 1.9 kB; a peer may put more frames in one message. */
    messageBytesMax: { min: 4 * kib, max: 16 * mib, default: 64 * kib },
    bufferedBytesMax: { min: 16 * kib, max: 256 * mib, default: mib },
    handshakeMsMax: { min: 100, max: minute, default: 10 * second },
    startMsMax: { min: 100, max: minute, default: 5 * second },
    /** 0: a lost connection ends its calls at once. */
    resumeGraceMs: { min: 0, max: minute, default: 10 * second },
    idleMsMax: { min: second, max: 10 * minute, default: 30 * second },
    /** Frames are sent every 20 ms: more lead hides jitter, and is heard after an interruption. */
    playoutLeadMs: { min: 0, max: 200, default: 40 },
  },
  access: {
    /** Of one address: a carrier's few addresses carry all its calls. */
    upgradesPerSecond: { min: 1, max: 100_000, default: 500 },
    failuresPerMinute: { min: 1, max: 100_000, default: 600 },
    secretChars: { min: 1, max: 4096, default: 32 },
  },
  http: {
    port: { min: 0, max: 65_535, default: 8081 },
    /** 16 characters of base64url are 96 bits: out of reach of guessing over a network. */
    apiTokenChars: { min: 16, max: 512, default: 43 },
  },
  threads: {
    shardCount: { min: 1, max: 256, default: 2 },
    jobWorkerCount: { min: 1, max: 64, default: 2 },
    shardHeapMbMax: { min: 64, max: 65_536, default: 1024 },
  },
  calls: {
    callsMax: { min: 1, max: 100_000, default: 100 },
    ringMsMax: { min: second, max: 3 * minute, default: 30 * second },
    /** The default follows `ringMsMax`. */
    answerMsMax: { min: second, max: 5 * minute, default: 45 * second },
    durationMsMax: { min: 5 * second, max: 4 * hour, default: 10 * minute },
  },
  recognition: {
    processCount: { min: 1, max: 64, default: 1 },
    decodersPerProcess: { min: 1, max: 256, default: 16 },
    /** Nobody is asked as well, unless it is said. */
    hedgeMs: { min: 50, max: 5 * second, default: 500 },
  },
  /** Each of `recognition.vendors`. */
  recognitionVendor: {
    /** Of the whole node: every shard has its part of them. */
    streamsMax: { min: 1, max: 100_000, default: 200 },
    /** Connections that every shard opens ahead. */
    warmCount: { min: 0, max: 1000, default: 2 },
    connectMsMax: { min: 100, max: 10 * second, default: 2 * second },
    /** The dialog gives up 2.5 s after the caller did. */
    finalMsMax: { min: 100, max: 10 * second, default: 1500 },
    keyChars: { min: 1, max: 4096, default: 40 },
    replaySpeed: { min: 1, max: 20, default: 1 },
    /** Numbers that a vendor gives out. */
    vendorId: { min: 1, max: Number.MAX_SAFE_INTEGER, default: 1 },
  },
  /** Each of `trunks`. */
  trunk: { callsMax: { min: 1, max: 100_000, default: 100 } },
  /** Each of `synthesis.vendors`. */
  voiceVendor: {
    /** Of the whole node: every shard has its part of them. */
    streamsMax: { min: 1, max: 100_000, default: 100 },
    connectMsMax: { min: 100, max: 10 * second, default: 2 * second },
    /** Silence on the line; the next voice begins only then. */
    firstSoundMsMax: { min: 100, max: 10 * second, default: 1500 },
    stallMsMax: { min: 100, max: 10 * second, default: 2 * second },
    keyChars: { min: 1, max: 4096, default: 40 },
    rateHz: { min: 8000, max: 48_000, default: 24_000 },
  },
  /** Each of `analyzers` that is a service. */
  analyzer: {
    /** A label that comes later than the next turn is of little use. */
    timeoutMs: { min: 50, max: 30 * second, default: 2 * second },
    /** Of the whole node: every shard has its part of them. */
    streamsMax: { min: 1, max: 100_000, default: 200 },
  },
  /** From the speech to its print, of a service: a worker waits meanwhile. */
  voiceprint: { timeoutMs: { min: 100, max: 10 * second, default: 3 * second } },
  prompts: {
    bytesMax: { min: mib, max: 16 * 1024 * mib, default: 256 * mib },
    /** In Redis, from its last use on. */
    redisKeepMs: { min: minute, max: 720 * hour, default: 168 * hour },
    diskBytesMax: { min: 0, max: 1024 * 1024 * mib, default: 1024 * mib },
  },
} as const satisfies Record<string, Record<string, Limit>>;

/** Playout counts in frames of this length. */
export const frameMs = 20;

/** Shards that this machine gets: one core is left to the gateway. */
export function shardCountFor(coreCount: number): number {
  return Math.max(limits.threads.shardCount.default, coreCount - 1);
}
