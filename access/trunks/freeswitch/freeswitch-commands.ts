/** The commands that we give FreeSWITCH, as text. Pure: what goes in has been checked. */

export type FreeSwitchMedia = "audio_fork" | "audio_stream";

export type FreeSwitchSettings = {
  /** Names our channels: each engine at one FreeSWITCH needs its own. */
  readonly app: string;
  /** Makes the dial string of a number, e.g. `sofia/gateway/provider/+15550100`. */
  readonly endpointOf: (to: string) => string;
  readonly callerId?: string;
  /** The module that carries the audio. */
  readonly media: FreeSwitchMedia;
  readonly rateHz: 8000 | 16000;
};

/** Our name of a `mod_audio_fork` bug on a channel. */
const bugName = "voxtree";
/** A parked channel that nobody asks for any more ends then: over the longest call there may be. */
const parkSeconds = 15_000;

/** Dials; the channel waits, parked, for what we do with it. */
export function originate(
  { endpointOf, callerId }: FreeSwitchSettings,
  call: { readonly channelId: string; readonly to: string; readonly ringMsMax: number },
): string {
  const variables = [
    `origination_uuid=${call.channelId}`,
    `originate_timeout=${Math.max(1, Math.round(call.ringMsMax / 1000))}`,
    // Else an announcement before the answer would count as the answer.
    "ignore_early_media=true",
    "hangup_after_bridge=true",
    `park_timeout=${parkSeconds}`,
    ...(callerId === undefined ? [] : [`origination_caller_id_number=${callerId}`]),
  ];
  return `originate {${variables.join(",")}}${endpointOf(call.to)} &park()`;
}

/**
 * Connects a channel's audio with our gateway. Call and token go as metadata, which stays out of
 * the logs of whatever stands between; it has no spaces, which would split it.
 */
export function startMedia(
  { media, rateHz }: FreeSwitchSettings,
  call: {
    readonly channelId: string;
    readonly callId: string;
    readonly token: string;
    readonly mediaUrl: string;
  },
): string {
  const { channelId, callId, token, mediaUrl } = call;
  if (media === "audio_stream") {
    const metadata = JSON.stringify({ callId, token, rate: rateHz });
    const rate = `${rateHz / 1000}k`;
    return `uuid_audio_stream ${channelId} start ${mediaUrl}/media/audio-stream mono ${rate} ${metadata}`;
  }
  const metadata = JSON.stringify({ callId, token, sampleRate: rateHz });
  const start = `uuid_audio_fork ${channelId} start ${mediaUrl}/media/audio-fork mono ${rateHz}`;
  // Both directions, streamed: read only when all words are there.
  return `${start} ${bugName} ${metadata} true true ${rateHz}`;
}

export function stopMedia({ media }: FreeSwitchSettings, channelId: string): string {
  return media === "audio_fork"
    ? `uuid_audio_fork ${channelId} stop ${bugName}`
    : `uuid_audio_stream ${channelId} stop`;
}

export function kill(channelId: string, isAnswered: boolean): string {
  return `uuid_kill ${channelId} ${isAnswered ? "NORMAL_CLEARING" : "ORIGINATOR_CANCEL"}`;
}

export function sendKeys(channelId: string, digits: string): string {
  return `uuid_send_dtmf ${channelId} ${digits}@100`;
}

export function bridge(channelId: string, otherId: string): string {
  return `uuid_bridge ${channelId} ${otherId}`;
}

const handedOn = "voxtree_handed_on";

export function markHandedOn(channelId: string): string {
  return `uuid_setvar ${channelId} ${handedOn} true`;
}

/** Asks whether a channel was handed on: it is when the answer is `true`. */
export function isHandedOn(channelId: string): string {
  return `uuid_getvar ${channelId} ${handedOn}`;
}
