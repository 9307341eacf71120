/** A text → the pieces that voices are asked for, one after the other. Pure. */
import { packSentences } from "../sentences.js";
import type { SpeechRequest } from "../synthesizer.js";
import { plainPiece, type SpeechPiece } from "./speech-piece.js";

/** Vendors take 1024 bytes of GBK at least; shorter pieces sound sooner. */
const pieceCharactersMax = 300;

/** Pieces in order; none when there is nothing to say. */
export function piecesOf({ text }: SpeechRequest): SpeechPiece[] {
  if (!/[\p{L}\p{N}]/u.test(text)) return [];
  return packSentences(text, pieceCharactersMax).map(plainPiece);
}
