/**
 * A document → the pieces that voices are asked for: cut at paragraphs, sentences and marks. Each
 * piece has its segments for voices that know nothing of markup, and its markup, made anew from
 * what we understood, for those that do. Pure.
 */
import type { SsmlElement, SsmlNode } from "../../../codecs/ssml/ssml.js";
import { packSentences } from "../sentences.js";
import { escapeXml } from "./escape-xml.js";
import { breakMs, plainManner, withEmphasis, withProsody, type Manner } from "./prosody.js";
import { sayAs } from "./say-as.js";
import type { Segment, SpeechPiece } from "./speech-piece.js";

/** Vendors take 1024 bytes of GBK at least. */
const segmentCharactersMax = 300;
const sentencePauseMs = 250;
const paragraphPauseMs = 500;

type Speech = Extract<Segment, { kind: "speech" }>;
/** A piece that is being put together. */
type Draft = { readonly plain: Segment[]; readonly ssml: string[]; readonly marks: string[] };

const newDraft = (): Draft => ({ plain: [], ssml: [], marks: [] });

/** Where in the document we are. */
type Scope = { readonly manner: Manner; readonly language: string | undefined };

/** @param language of the request, which the document may change within itself */
export function ssmlPieces(root: SsmlElement, language: string): SpeechPiece[] {
  const walk = new Walk(language);
  walk.children(root, { manner: plainManner, language: undefined });
  return walk.pieces();
}

class Walk {
  readonly #language: string;
  readonly #pieces: Draft[] = [newDraft()];
  /** The pause that a paragraph or sentence is owed, once something follows. */
  #owedMs = 0;

  constructor(language: string) {
    this.#language = language;
  }

  /** Without those that have nothing in them. */
  pieces(): SpeechPiece[] {
    return this.#pieces
      .map(({ plain, ssml, marks }): SpeechPiece => {
        const piece = pieceOf(merged(plain), ssml.join(""));
        return marks.length === 0 ? piece : { ...piece, marks };
      })
      .filter(({ plain, marks }) => plain.length > 0 || marks !== undefined);
  }

  children({ children }: SsmlElement, scope: Scope): void {
    for (const child of children) this.#node(child, scope);
  }

  #node(node: SsmlNode, scope: Scope): void {
    if (typeof node === "string") return this.#say(node, scope, escapeXml(node));
    const { name, attributes } = node;
    switch (name) {
      case "break":
        // In the place of one that would come by itself; `none` of it.
        this.#owedMs = 0;
        return this.#pause(breakMs(attributes));
      case "prosody":
        return this.children(node, { ...scope, manner: withProsody(scope.manner, attributes) });
      case "emphasis":
        return this.children(node, { ...scope, manner: withEmphasis(scope.manner, attributes) });
      case "lang":
        return this.children(node, {
          ...scope,
          language: attributes["xml:lang"] ?? scope.language,
        });
      case "say-as":
        return this.#sayAs(node, scope);
      case "sub": {
        const alias = attributes["alias"] ?? textOf(node);
        return this.#say(alias, scope, escapeXml(alias));
      }
      case "phoneme": {
        const { alphabet = "ipa", ph = "" } = attributes;
        const open = `<phoneme alphabet="${escapeXml(alphabet)}" ph="${escapeXml(ph)}">`;
        const text = textOf(node);
        return this.#say(text, scope, `${open}${escapeXml(text)}</phoneme>`);
      }
      case "p":
      case "s":
        return this.#block(node, scope, name === "p" ? paragraphPauseMs : sentencePauseMs);
      case "mark":
        this.#cut();
        return void this.#pieces.at(-1)!.marks.push(attributes["name"] ?? "");
      default:
        // `voice`, `audio` and what nobody knows: their text is said.
        return this.children(node, scope);
    }
  }

  #block(node: SsmlElement, scope: Scope, pauseMs: number): void {
    const language = node.attributes["xml:lang"] ?? scope.language;
    this.#cut();
    this.children(node, { ...scope, language });
    this.#cut();
    this.#owedMs = Math.max(this.#owedMs, pauseMs);
  }

  #sayAs(node: SsmlElement, scope: Scope): void {
    const text = textOf(node);
    const spoken = sayAs(text, node.attributes, scope.language ?? this.#language);
    const given = Object.entries(node.attributes)
      .filter(([name]) => /^(interpret-as|format|detail)$/.test(name))
      .map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
      .join("");
    this.#say(spoken, scope, `<say-as${given}>${escapeXml(text)}</say-as>`);
  }

  #say(text: string, { manner, language }: Scope, ssml: string): void {
    const piece = this.#pieces.at(-1)!;
    const isBlank = text.trim() === "";
    // White space counts within a line, not at its beginning.
    if (isBlank && piece.plain.length === 0) return;
    if (!isBlank) this.#payPause();
    piece.ssml.push(inManner(ssml, manner, language));
    const named = language === undefined ? {} : { language };
    piece.plain.push({ kind: "speech", text, ...named, ...manner });
  }

  #payPause(): void {
    const owedMs = this.#owedMs;
    this.#owedMs = 0;
    const hasSpoken = this.#pieces.some(({ plain }) => plain.length > 0);
    if (hasSpoken) this.#pause(owedMs);
  }

  #pause(pauseMs: number): void {
    if (pauseMs === 0) return;
    const piece = this.#pieces.at(-1)!;
    piece.plain.push({ kind: "pause", pauseMs });
    piece.ssml.push(`<break time="${Math.round(pauseMs)}ms"/>`);
  }

  #cut(): void {
    this.#pieces.push(newDraft());
  }
}

/** Signed percentages: an unsigned one means something else to Azure than to the standard. */
function inManner(ssml: string, { speed, pitch, gain }: Manner, language?: string): string {
  const changes = [
    speed === 1 ? "" : ` rate="${signedPercent(speed)}"`,
    pitch === 1 ? "" : ` pitch="${signedPercent(pitch)}"`,
    gain === 1 ? "" : ` volume="${signedPercent(Math.min(2, gain))}"`,
  ].join("");
  const said = changes === "" ? ssml : `<prosody${changes}>${ssml}</prosody>`;
  return language === undefined ? said : `<lang xml:lang="${escapeXml(language)}">${said}</lang>`;
}

function signedPercent(factor: number): string {
  const change = Math.round((factor - 1) * 100);
  return `${change < 0 ? "" : "+"}${change}%`;
}

/** Neighbours in one manner are one segment; what has no letter is no speech. */
function merged(segments: readonly Segment[]): Segment[] {
  const joined: Segment[] = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    if (segment.kind === "speech" && last?.kind === "speech" && isAlike(segment, last)) {
      joined[joined.length - 1] = { ...last, text: `${last.text}${segment.text}` };
    } else joined.push(segment);
  }
  return joined.flatMap((segment): Segment[] => {
    if (segment.kind === "pause") return [segment];
    if (!/[\p{L}\p{N}]/u.test(segment.text)) return [];
    return packSentences(segment.text, segmentCharactersMax).map((text) => ({ ...segment, text }));
  });
}

function isAlike(one: Speech, other: Speech): boolean {
  const keys = ["language", "speed", "pitch", "gain"] as const;
  return keys.every((key) => one[key] === other[key]);
}

function pieceOf(plain: readonly Segment[], ssml: string): SpeechPiece {
  const isPause = plain.every(({ kind }) => kind === "pause");
  if (isPause) return { plain, marked: plain };
  const text = plain.map((one) => (one.kind === "speech" ? one.text : "")).join(" ");
  return { plain, marked: [{ kind: "speech", text, ssml, ...plainManner }] };
}

function textOf(node: SsmlElement): string {
  return node.children.map((child) => (typeof child === "string" ? child : textOf(child))).join("");
}
