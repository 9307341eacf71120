/** What a vendor's error says, by the names that servers give it. Pure. */

export type Fields = Readonly<Record<string, unknown>>;

/** An error in the words of a vendor. */
export type ReportedFailure = {
  readonly kind: "VENDOR" | "QUOTA" | "DENIED";
  /** At most 200 characters of what it says. */
  readonly message: string;
  readonly vendorCode: string | number | null;
};

/** A value as an object; undefined when it is none. */
export function asFields(value: unknown): Fields | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : undefined;
}

/** The error that a JSON object reports; undefined when it is none. */
export function reportedFailure(fields: Fields): ReportedFailure | undefined {
  const nested = asFields(fields["error"]) ?? asFields(fields["detail"]) ?? fields;
  const code = nested["code"] ?? nested["err_no"] ?? nested["status"] ?? fields["code"];
  const words = ["err_msg", "message", "msg", "error", "description"]
    .map((name) => nested[name])
    .find((value): value is string => typeof value === "string");
  const isError = fields["error"] !== undefined && fields["error"] !== null;
  const isBadCode = (typeof code === "number" || typeof code === "string") && !isGood(code);
  if (!isError && !isBadCode) return undefined;
  const vendorCode = typeof code === "number" || typeof code === "string" ? code : null;
  const said = (words ?? String(vendorCode ?? "no reason")).slice(0, 200);
  const kind = kindOf(vendorCode, said);
  return { kind, message: `the vendor reports: ${said}`, vendorCode };
}

function isGood(code: number | string): boolean {
  return [0, 200, "0", "200", "ok", "OK", "success"].includes(code);
}

function kindOf(code: number | string | null, words: string): ReportedFailure["kind"] {
  const text = `${code ?? ""} ${words}`;
  if (/\b(402|429)\b|quota|rate.?limit|too many|concurren/i.test(text)) return "QUOTA";
  const isDenied = /\b(401|403)\b|unauthori[sz]ed|forbidden|invalid.{0,5}(key|token)/i.test(text);
  return isDenied ? "DENIED" : "VENDOR";
}
