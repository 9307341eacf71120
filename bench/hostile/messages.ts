/** What the attackers' process is asked, and what became of its attacks. */
import type { Dial } from "../load/messages.js";

/**
 * `deaf`: pings without end and reads no answer. `flood`: audio fifty times as fast as speech.
 * `wrongSize`: frames of the wrong length. Each is a call that was let in.
 */
export const attackKinds = ["deaf", "flood", "wrongSize"] as const;
export type AttackKind = (typeof attackKinds)[number];

export type Attack = {
  /** Of the gateway, `ws://host:port`. */
  readonly url: string;
  /** The attacks on the connection itself are spread over so long. */
  readonly overMs: number;
  /** TCP connections that are opened and say nothing. */
  readonly halfOpen: number;
  /** Upgrades to where nobody is. */
  readonly badUpgrades: number;
};

/** How connections ended: the reason → how often. */
export type Ends = Readonly<Record<string, number>>;

export type AttackReport = {
  readonly ends: Readonly<Record<AttackKind | "badUpgrade", Ends>>;
  readonly live: number;
  readonly halfOpened: number;
};

export type AttackAsks = {
  /** A call that will misbehave: it is let in first. */
  readonly call: {
    readonly ask: Dial & { readonly attack: AttackKind };
    readonly answer: undefined;
  };
  readonly begin: { readonly ask: Attack; readonly answer: undefined };
  readonly report: { readonly ask: undefined; readonly answer: AttackReport };
};
