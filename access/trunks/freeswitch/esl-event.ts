/** Events of FreeSWITCH that we act on, read from their JSON. Pure. */

export type EslEvent = {
  /** `Event-Name`, or for `CUSTOM` the `Event-Subclass`. */
  readonly name: string;
  /** Channel; empty where it is about none. */
  readonly channelId: string;
  /** Any other header; undefined where there is none. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
};

/** What we ask for. What follows `CUSTOM` are subclasses, so it comes last. */
export const eslEvents = [
  "CHANNEL_CREATE",
  "CHANNEL_PROGRESS",
  "CHANNEL_PROGRESS_MEDIA",
  "CHANNEL_ANSWER",
  "CHANNEL_HANGUP_COMPLETE",
  "DTMF",
  "BACKGROUND_JOB",
  "CUSTOM",
  "mod_audio_fork::connect_failed",
  "mod_audio_fork::disconnect",
  "mod_audio_stream::disconnect",
  "mod_audio_stream::error",
  "mod_audio_stream::json",
  "mod_audio_stream::play",
].join(" ");

/** Reads the body of a `text/event-json`; undefined for what is no event. */
export function parseEslEvent(text: string): EslEvent | undefined {
  const fields = parseMap(text);
  if (fields === undefined) return undefined;
  const header = (key: string): string | undefined => {
    const value = fields[key];
    return typeof value === "string" ? value : undefined;
  };
  const event = header("Event-Name");
  const name = event === "CUSTOM" ? header("Event-Subclass") : event;
  if (name === undefined) return undefined;
  return { name, channelId: header("Unique-ID") ?? "", header, body: header("_body") ?? "" };
}

/** A channel of `show channels as json`. */
export type EslChannel = { readonly id: string; readonly callState: string };

/** Reads the list of channels; undefined when that is no list. */
export function parseEslChannels(text: string): EslChannel[] | undefined {
  const list = parseMap(text);
  if (list === undefined) return undefined;
  const rows = list["rows"];
  // Without channels there is no `rows`, but a count all the same.
  if (rows === undefined) return list["row_count"] === undefined ? undefined : [];
  if (!Array.isArray(rows)) return undefined;
  return rows.flatMap((row: unknown) => {
    const { uuid, callstate } = (row ?? {}) as { uuid?: unknown; callstate?: unknown };
    if (typeof uuid !== "string" || uuid === "") return [];
    return [{ id: uuid, callState: typeof callstate === "string" ? callstate : "" }];
  });
}

function parseMap(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMap ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // Not JSON: no event.
  }
}
