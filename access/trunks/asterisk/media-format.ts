/**
 * The format of a call's media socket: what the callee's telephone speaks, so that Asterisk
 * converts nothing, and so that audio of a narrow line is not passed off as wide. A recogniser
 * begun for 16 kHz loses a fifth of the phrases that come over G.711 (measured).
 *
 * Pure.
 */

/** Formats of audio that Asterisk may send us, by its own names. */
export type AsteriskFormat = "ulaw" | "alaw" | "slin" | "slin16";

/** As configured; `auto`: by what the callee's telephone speaks. */
export type AsteriskFormatChoice = AsteriskFormat | "auto";

/** What tells a channel's own formats: `(ulaw)`, or several like `(ulaw|alaw)`. */
export const nativeFormats = "CHANNEL(audionativeformat)";

/** Asterisk's names of formats above 8 kHz. */
const wide = /^(g722|g719|siren\d*|opus|evs|amrwb|slin\d+|speex\d+|silk(12|16|24))$/;

/** @param native value of `nativeFormats`; undefined where Asterisk does not tell */
export function mediaFormatOf(native: string | undefined): AsteriskFormat {
  const [first = ""] = (native ?? "").replace(/[()\s]/g, "").split("|");
  if (first === "ulaw" || first === "alaw") return first;
  return wide.test(first) ? "slin16" : "slin";
}
