/** A text, with or without markup → the pieces that voices are asked for, in order. Pure. */
import { isSsml, parseSsml } from "../../../codecs/ssml/ssml.js";
import { packSentences } from "../sentences.js";
import type { SpeechRequest } from "../synthesizer.js";
import { plainPiece, type SpeechPiece } from "./speech-piece.js";
import { ssmlPieces } from "./ssml-pieces.js";

/** Vendors take 1024 bytes of GBK at least; shorter pieces sound sooner. */
const pieceCharactersMax = 300;

/**
 * Pieces in order; none when there is nothing to say.
 *
 * @throws {SsmlError} `SSML_INVALID`
 */
export function piecesOf({ text, language }: SpeechRequest): SpeechPiece[] {
  if (isSsml(text)) return ssmlPieces(parseSsml(text), language);
  if (!/[\p{L}\p{N}]/u.test(text)) return [];
  return packSentences(text, pieceCharactersMax).map(plainPiece);
}
