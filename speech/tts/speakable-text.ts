/**
 * Text as it is written → text as flite can say it: ASCII letters, digits and plain punctuation.
 * Pure. A voice says whatever it does not know as nothing at all, so what it can not say has to be
 * found here, before a caller hears a sentence with a hole in it.
 */
import { toSpokenForms } from "./spoken-forms.js";
import { SynthesisError } from "./synthesizer.js";

/**
 * The longest text of one request, in UTF-16 units: about two minutes of speech. Beyond it the
 * work of one render is out of bounds.
 */
export const TEXT_CHARACTERS_MAX = 2000;

/** A longer run is no word: it is spoken in pieces, so that a render can be cut there. */
const WORD_LETTERS_MAX = 40;
const LONG_RUN = new RegExp(`[^ ]{${WORD_LETTERS_MAX}}(?=[^ ])`, "g");

/** Letters that do not decompose into a plain one and its accent. */
const LATIN_LETTERS: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  Æ: "AE",
  œ: "oe",
  Œ: "OE",
  ø: "o",
  Ø: "O",
  ð: "d",
  Ð: "D",
  þ: "th",
  Þ: "Th",
  ł: "l",
  Ł: "L",
  đ: "d",
  Đ: "D",
  ħ: "h",
  Ħ: "H",
  ı: "i",
};

/**
 * Makes `text` speakable by an English voice.
 *
 * @param place whose text this is, for the error message, e.g. `state "greeting"`
 * @returns ASCII, single spaces, at least one letter or digit
 * @throws {SynthesisError} `TEXT_TOO_LONG`, `UNSUPPORTED_LANGUAGE` (letters of another script),
 *   `NOTHING_SPEAKABLE` (no letter and no digit is left)
 */
export function speakableText(text: string, place = "text to speak"): string {
  requireLength(text.length, place);
  const plain = foldLetters(text);
  requireLatin(plain, place);
  const spoken = toSpokenForms(plain)
    .replace(/[–—]|\s-+\s/g, ", ")
    .replace(/[^A-Za-z0-9 .,;:!?'()-]+/g, " ")
    .replace(LONG_RUN, "$& ")
    .replace(/([.,;:!?])[.,;:!?]+/g, "$1")
    .replace(/\s+/g, " ")
    .replace(/ (?=[.,;:!?)])/g, "")
    .trim();
  if (!/[A-Za-z0-9]/.test(spoken)) {
    throw new SynthesisError(
      "NOTHING_SPEAKABLE",
      `${place}: ${text.length} characters, but no letter or digit to speak; at least one is needed`,
      { place, characters: text.length },
    );
  }
  return spoken;
}

function requireLength(characters: number, place: string): void {
  if (characters <= TEXT_CHARACTERS_MAX) return;
  throw new SynthesisError(
    "TEXT_TOO_LONG",
    `${place}: ${characters} characters, at most ${TEXT_CHARACTERS_MAX} can be spoken at once`,
    { place, characters, charactersMax: TEXT_CHARACTERS_MAX },
  );
}

/** Compatibility forms, accents, typographic quotes and ligatures → their plain letters. */
function foldLetters(text: string): string {
  return text
    .replace(
      /[½¼¾]/g,
      (part) => ({ "½": " one half ", "¼": " one quarter " })[part] ?? " three quarters ",
    )
    .normalize("NFKD")
    .replace(/[\p{Mn}\p{Me}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, "")
    .replace(/[\p{Cc}\p{Z}]/gu, " ")
    .replace(/[‘’ʼ`]/g, "'")
    .replace(/…/g, "...")
    .replace(/\p{Script=Latin}/gu, (letter) => LATIN_LETTERS[letter] ?? letter);
}

/** A letter or digit that is still not ASCII belongs to a language the voice does not know. */
function requireLatin(text: string, place: string): void {
  const foreign = /(?![A-Za-z0-9])[\p{L}\p{N}]/u.exec(text);
  if (foreign === null) return;
  const codePoint = `U+${foreign[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
  throw new SynthesisError(
    "UNSUPPORTED_LANGUAGE",
    `${place}: the letter ${codePoint} is not English; this voice speaks "en", in Latin letters only`,
    { place, codePoint, languages: ["en"] },
  );
}
