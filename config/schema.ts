/**
 * The configuration, as the engine uses it: frozen, complete, every duration in milliseconds and
 * every size in bytes. `load-config.ts` makes it of what a person writes, `default-config.ts` of
 * nothing.
 */
import type { AnalyzerConfig } from "./analyzer-config.js";
import type { HearingConfig } from "./hearing-config.js";
import type { VoiceprintConfig } from "./voiceprint-config.js";

/** What carries the sockets; `auto` is `uws` where `uWebSockets.js` is installed, else `lean`. */
export type TransportName = "auto" | "lean" | "ws" | "uws";

/** A gateway thread: sockets and playout. */
export type GatewayConfig = {
  /** Loopback: a media stream is let in by a token that travels in the clear. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly transport: TransportName;
  /** TCP port for Asterisk's AudioSocket; left out, there is none. 0 lets the system choose. */
  readonly audioSocketPort?: number;
  readonly connectionsMax: number;
  /** Calls at once on one connection, where its protocol carries several. */
  readonly streamsMax: number;
  readonly messageBytesMax: number;
  /** A client that does not read is cut off beyond this. */
  readonly bufferedBytesMax: number;
  readonly handshakeMsMax: number;
  /** From the open socket to its first stream. */
  readonly startMsMax: number;
  /** Silence, not even a pong, after which a socket is half open and closed. */
  readonly idleMsMax: number;
  /** How long a call waits for a client that lost its connection, where its protocol can resume. */
  readonly resumeGraceMs: number;
  /** How far ahead of its playout a frame is sent; a multiple of 20. */
  readonly playoutLeadMs: number;
  /** Certificate of the gateway's own; left out, a proxy ends TLS or nobody does. */
  readonly tls?: TlsConfig;
  readonly access: AccessConfig;
  /** Base of the media URLs as the trunks reach it (`ws:` or `wss:`), where it is not our own. */
  readonly advertisedUrl?: string;
};

/** PEM files, absolute paths; read again when they change. */
export type TlsConfig = { readonly certFile: string; readonly keyFile: string };

/** Who may open media sockets. */
export type AccessConfig = {
  /** Networks (CIDR) that may; empty: all. */
  readonly allow: readonly string[];
  /** Proxies whose X-Forwarded-For is believed. */
  readonly proxies: readonly string[];
  /** Origins of pages that may; empty: all. */
  readonly origins: readonly string[];
  /** Upgrades of one address. */
  readonly upgradesPerSecond: number;
  /** Sockets of one address that failed. */
  readonly failuresPerMinute: number;
  /** Twilio's auth token: its signature is demanded then. Secret. */
  readonly twilioAuthToken?: string;
  /** Vonage's signature secret: a token signed with it is demanded then. Secret. */
  readonly vonageSignatureSecret?: string;
  /** API key that Genesys sends: demanded then. Secret. */
  readonly audiohookApiKey?: string;
  /** Client secret of Genesys' integration, base64: its signature is demanded then. Secret. */
  readonly audiohookSecret?: string;
};

/** The control API. */
export type HttpConfig = {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Bearer token that every request but the health checks must carry. Secret. */
  readonly apiToken?: string;
  readonly tls?: TlsConfig;
};

/** How the engine spreads over the cores. */
export type ThreadsConfig = {
  readonly shardCount: number;
  /** Threads for work that would block a shard: embedded voices, sealing. */
  readonly jobWorkerCount: number;
  /** Old-generation heap of a shard in MiB, beyond which its thread is ended. */
  readonly shardHeapMbMax?: number;
};

/** Limits of calls. */
export type CallsConfig = {
  /** At once; one more is refused. */
  readonly callsMax: number;
  /** How long a trunk lets it ring. */
  readonly ringMsMax: number;
  /** From dialling to the open media stream, ringing included: over `ringMsMax`. */
  readonly answerMsMax: number;
  /** From the answer to a polite end. */
  readonly durationMsMax: number;
};

/** The protocols of network recognisers. */
export const recognitionVendorNames = [
  "websocket-json",
  "vosk",
  "funasr",
  "deepgram",
  "sherpa-onnx",
  "baidu",
] as const;
export type RecognitionVendorName = (typeof recognitionVendorNames)[number];

/** A recogniser on the network. */
export type RecognitionVendorConfig = {
  /** In logs and figures; unique. */
  readonly name: string;
  readonly vendor: RecognitionVendorName;
  /** `ws:` or `wss:`. */
  readonly url: string;
  /** Secret. */
  readonly key?: string;
  /** Utterances at once, of the whole node. */
  readonly streamsMax: number;
  /** Connections that every shard opens ahead of their need. */
  readonly warmCount: number;
  readonly connectMsMax: number;
  /** From the end of the audio to the final text. */
  readonly finalMsMax: number;
  /** How many times faster than speech missed audio is sent; left out, what its vendor takes. */
  readonly replaySpeed?: number;
  /** Sample rates it takes, in Hz; left out, what its protocol says. */
  readonly ratesHz?: readonly number[];
  /** `websocket-json`: sent when the audio is over. */
  readonly endMessage?: string;
  /** `websocket-json`: the field that says of a text that it is final. */
  readonly finalField?: string;
  /** BCP 47, instead of the flow's. */
  readonly language?: string;
  /** What it understands, as tags; left out: all. */
  readonly languages?: readonly string[];
  /** Words to listen for in every state, beside its phrases. */
  readonly hotWords?: readonly string[];
  /** Certificates to trust instead of the system's: PEM file, absolute path. */
  readonly caFile?: string;
  /** `vosk`: nothing but the phrases of the state may be said. */
  readonly isGrammarClosed?: boolean;
  readonly model?: string;
  /** `baidu`: the application, its model, and a language model trained for it. */
  readonly appId?: number;
  readonly devPid?: number;
  readonly lmId?: number;
};

/** Speech recognition. */
export type RecognitionConfig = {
  /** False: callers answer by keypad. */
  readonly isEnabled: boolean;
  readonly processCount: number;
  /** Each is leased for one utterance. */
  readonly decodersPerProcess: number;
  /** Folder of the acoustic model; left out, where Debian installs it. */
  readonly modelDir?: string;
  /** Recognisers on the network, used instead of the embedded one; empty: the embedded one. */
  readonly vendors: readonly RecognitionVendorConfig[];
  /** The embedded recogniser stands behind the vendors, for when they fail. */
  readonly isEmbeddedLast: boolean;
  /** Among vendors that work: the first, or the one that is likely to answer soonest. */
  readonly choose: "inOrder" | "healthiest";
  /** So long after the end of the audio the next vendor is asked as well; left out: never. */
  readonly hedgeMs?: number;
};

/** The protocols of voices that are not ours. */
export const voiceVendorNames = [
  "http-json",
  "openai",
  "azure",
  "baidu",
  "elevenlabs",
  "elevenlabs-stream",
  "espeak",
] as const;
export type VoiceVendorName = (typeof voiceVendorNames)[number];

/** A voice on the network, or in a process of its own. */
export type VoiceVendorConfig = {
  /** In logs and figures; unique. */
  readonly name: string;
  readonly vendor: VoiceVendorName;
  /** `http:` or `https:`, for `elevenlabs-stream` `ws:` or `wss:`; absent for `espeak`. */
  readonly url?: string;
  /** Secret. */
  readonly key?: string;
  /** `baidu`: the other half of its credentials. Secret. */
  readonly secretKey?: string;
  /** `baidu`: where its tokens are made. */
  readonly tokenUrl?: string;
  /** Names of voices in flows → names of the vendor's. */
  readonly voices?: Readonly<Record<string, string>>;
  /** The vendor's voice for all others; without it and `voices` the flow's name is the vendor's. */
  readonly voice?: string;
  /** What it speaks, BCP 47, also without region; left out: everything. */
  readonly languages?: readonly string[];
  /** Texts at once, of the whole node. */
  readonly streamsMax: number;
  readonly connectMsMax: number;
  /** From the request to the first sound. */
  readonly firstSoundMsMax: number;
  /** Longest gap within the speech. */
  readonly stallMsMax: number;
  /** 1: as fast as the voice is. */
  readonly speed: number;
  readonly model?: string;
  /** `openai`: samples per second of its `pcm`, where a server has another rate than 24 kHz. */
  readonly rateHz?: number;
  /** Certificates to trust instead of the system's: PEM file, absolute path. */
  readonly caFile?: string;
  /** `espeak`: the program, where it is not `espeak-ng` on the path. */
  readonly program?: string;
};

/** Speech synthesis. */
export type SynthesisConfig = {
  /** Used before the embedded voice, the preferred one first. */
  readonly vendors: readonly VoiceVendorConfig[];
  /** The embedded voices stand behind the vendors, for when they fail. */
  readonly isEmbeddedLast: boolean;
  /** Among vendors that work: the first, or the one that is likely to sound soonest. */
  readonly choose: "inOrder" | "healthiest";
};

/** The fixed texts of flows, rendered. */
export type PromptsConfig = {
  /** In memory. */
  readonly bytesMax: number;
  /** On disk, under `storage.dataDir`; 0: nothing. */
  readonly diskBytesMax: number;
  /** Shared by several nodes; left out: none. Its URL may hold a password: secret. */
  readonly redis?: {
    readonly url: string;
    readonly keepMs: number;
    /** Under the KEK, which the nodes that share it must share too. */
    readonly isSealed: boolean;
  };
  /** Folder with prompts spoken by people: absolute path. */
  readonly recordings?: string;
};

/** Where things are kept. Absolute paths. */
export type StorageConfig = {
  readonly dataDir: string;
  /** Key-encryption key: made when absent. */
  readonly kekFile: string;
};

/** What every trunk may be told, whatever it dials through. */
export type TrunkLimitsConfig = {
  /** Attempts under way at once; left out: no limit of its own. */
  readonly callsMax?: number;
  readonly callsPerSecondMax?: number;
};

/** A simulated callee, for demonstrations and tests. */
export type LoopbackTrunkConfig = TrunkLimitsConfig & {
  readonly kind: "loopback";
  /** What a call request names. */
  readonly name: string;
  /** Callee scripts by absolute path; left out, those that come with the package. */
  readonly scripts?: readonly string[];
};

/** Formats of audio on Asterisk's media sockets, by its own names; `auto`: the callee's. */
export const asteriskFormats = ["auto", "slin16", "slin", "ulaw", "alaw"] as const;

/** An Asterisk, driven by its REST interface. */
export type AsteriskTrunkConfig = TrunkLimitsConfig & {
  readonly kind: "asterisk";
  readonly name: string;
  /** Of its REST interface, e.g. `http://127.0.0.1:8088/ari`. */
  readonly url: string;
  readonly user: string;
  /** Secret. */
  readonly password: string;
  /** Stasis application; each engine at one Asterisk needs its own. */
  readonly app: string;
  /** Dial string with `{to}` in it. */
  readonly endpoint: string;
  readonly callerId?: string;
  /** Section of `websocket_client.conf` whose `uri` is our gateway's `/media/asterisk`. */
  readonly mediaClient: string;
  readonly format: (typeof asteriskFormats)[number];
};

/** Modules of FreeSWITCH that carry audio to us and back. */
export const freeSwitchMedia = ["audio_fork", "audio_stream"] as const;

/** A FreeSWITCH, driven by its Event Socket. */
export type FreeSwitchTrunkConfig = TrunkLimitsConfig & {
  readonly kind: "freeswitch";
  readonly name: string;
  /** Of its Event Socket. */
  readonly host: string;
  readonly port: number;
  /** Secret. */
  readonly password: string;
  /** Names our channels; each engine at one FreeSWITCH needs its own. */
  readonly app: string;
  /** Dial string with `{to}` in it. */
  readonly endpoint: string;
  readonly callerId?: string;
  readonly media: (typeof freeSwitchMedia)[number];
  readonly rateHz: 8000 | 16000;
};

/** Carriers, driven by their REST interfaces. */
export const carrierNames = ["twilio", "telnyx", "vonage", "plivo"] as const;

/** How Telnyx may be asked to code media: G.711, samples at 16 kHz, or Opus. */
export const telnyxCodecs = ["pcmu", "pcma", "l16", "opus"] as const;

export type CarrierTrunkConfig = TrunkLimitsConfig & {
  readonly kind: (typeof carrierNames)[number];
  readonly name: string;
  /** Base of its REST interface, where it is not the usual one. */
  readonly url?: string;
  /** Twilio: Account SID; Telnyx: Call Control application; Vonage: application; Plivo: Auth ID. */
  readonly account: string;
  /** Auth token (Twilio, Plivo), API key (Telnyx) or private key as PEM (Vonage). Secret. */
  readonly password: string;
  /** Vonage: what it signs webhooks with. Secret. */
  readonly signatureSecret?: string;
  /** Telnyx: what checks its signatures, base64. */
  readonly publicKey?: string;
  /** Telnyx: how the media is coded, both ways. Default `pcmu`. */
  readonly codec?: (typeof telnyxCodecs)[number];
  /** Where the carrier finds our control API: `https:`. */
  readonly webhookUrl: string;
  /** E.164. */
  readonly callerId: string;
  /** Asks the carrier who answered. */
  readonly detectsMachines: boolean;
};

export const trunkKinds = ["loopback", "asterisk", "freeswitch", ...carrierNames] as const;

/** What dials people. */
export type TrunkConfig =
  LoopbackTrunkConfig | AsteriskTrunkConfig | FreeSwitchTrunkConfig | CarrierTrunkConfig;

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";

/** Everything. */
export type Config = {
  readonly gateway: GatewayConfig;
  readonly http: HttpConfig;
  readonly threads: ThreadsConfig;
  readonly calls: CallsConfig;
  readonly recognition: RecognitionConfig;
  readonly synthesis: SynthesisConfig;
  /** Flows say which of them listen to their calls. */
  readonly analyzers: readonly AnalyzerConfig[];
  /** What knows people by their voices. */
  readonly hearing: HearingConfig;
  readonly voiceprint: VoiceprintConfig;
  readonly storage: StorageConfig;
  /** Whether calls are recorded that do not say so themselves. */
  readonly recording: { readonly isEnabled: boolean };
  /** Flow files by absolute path; `shipped` stands for all that come with the package. */
  readonly flows: readonly string[];
  readonly prompts: PromptsConfig;
  readonly trunks: readonly TrunkConfig[];
  readonly log: { readonly level: LogLevel; readonly isPretty: boolean };
};
