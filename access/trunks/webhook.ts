/** A request that a carrier sends to us, and our answer: HTTP without a server. */

export type WebhookRequest = {
  readonly method: string;
  /**
   * Path and query as they came; a trunk puts the address in front under which its carrier knows
   * us, since signatures cover all of it.
   */
  readonly url: string;
  /** What follows the trunk's name in the path, e.g. `answer`. */
  readonly hook: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As it came: signatures cover it byte by byte. */
  readonly body: string;
};

export type WebhookReply = {
  readonly status: number;
  readonly contentType?: string;
  readonly body?: string;
};

/** The first value of a header; empty where there is none. */
export function headerOf({ headers }: WebhookRequest, name: string): string {
  const value = headers[name];
  return (typeof value === "string" ? value : value?.[0]) ?? "";
}
