/** How one call hears its callee: what is done to the audio before VAD and recogniser get it. */
import { LevelNormaliser } from "./level-normaliser.js";
import type { NoiseSuppression, NoiseSuppressor } from "./noise-suppressor.js";

export type CallHearing = {
  readonly suppressesNoise: boolean;
  readonly normalisesLevel: boolean;
  /** The language tag to recognise, where it is not the flow's, e.g. `yue`. */
  readonly dialect?: string | undefined;
};

/** What somebody says of it; the rest is left to whoever says less of this call. */
export type HearingWish = { readonly [Key in keyof CallHearing]?: CallHearing[Key] | undefined };

/** The first who says something decides: the call, its flow, the configuration. */
export function hearingOf(...wishes: readonly (HearingWish | undefined)[]): CallHearing {
  const first = <Key extends keyof CallHearing>(key: Key): CallHearing[Key] | undefined =>
    wishes.find((wish) => wish?.[key] !== undefined)?.[key];
  const dialect = first("dialect");
  return {
    suppressesNoise: first("suppressesNoise") ?? false,
    normalisesLevel: first("normalisesLevel") ?? false,
    ...(dialect === undefined ? {} : { dialect }),
  };
}

/** The audio of one call on its way to VAD and recogniser. */
export class HearingChain {
  readonly #suppressor: NoiseSuppressor | undefined;
  readonly #normaliser: LevelNormaliser | undefined;

  constructor(parts: {
    readonly suppressor?: NoiseSuppressor | undefined;
    readonly normaliser?: LevelNormaliser | undefined;
  }) {
    this.#suppressor = parts.suppressor;
    this.#normaliser = parts.normaliser;
  }

  /**
   * The next frame, 10 ms or a multiple.
   *
   * @returns as many samples, valid until the next call; `frame` itself where nothing is done
   */
  process(frame: Int16Array): Int16Array {
    const quiet = this.#suppressor?.process(frame) ?? frame;
    return this.#normaliser?.process(quiet) ?? quiet;
  }

  close(): void {
    this.#suppressor?.close();
  }
}

/**
 * Call by call; undefined where nothing is to be done.
 *
 * @param options.failed is told when noise cannot be suppressed: the call is heard as it is
 */
export function hearingChain(options: {
  readonly hearing: CallHearing | undefined;
  readonly rateHz: number;
  readonly noise: NoiseSuppression | undefined;
  readonly failed: (error: unknown) => void;
}): HearingChain | undefined {
  const { hearing, rateHz, noise, failed } = options;
  if (hearing === undefined) return undefined;
  let suppressor: NoiseSuppressor | undefined;
  try {
    suppressor = hearing.suppressesNoise ? noise?.create({ rateHz }) : undefined;
  } catch (error) {
    failed(error);
  }
  const normaliser = hearing.normalisesLevel ? new LevelNormaliser({ rateHz }) : undefined;
  if (suppressor === undefined && normaliser === undefined) return undefined;
  return new HearingChain({ suppressor, normaliser });
}
