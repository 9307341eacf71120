/** What an answer without audio means: a status, or an error in a 200. Pure. */
import { asFields, reportedFailure } from "../../vendors/vendor-failure.js";
import { SynthesisError, type SynthesisCode } from "../synthesizer.js";

/** Whether a body of this type is no audio. */
export function isTextBody(contentType: string): boolean {
  return /^(application\/(problem\+)?json|text\/|application\/xml)/.test(contentType);
}

/** The error of an answer that is no audio; `body` may be cut, and empty. */
export function failureOf(status: number, body: string): SynthesisError {
  const fields = fieldsOf(body);
  const reported = fields === undefined ? undefined : reportedFailure(fields);
  const isGood = status >= 200 && status < 300;
  const said = reported?.message ?? (isGood ? "" : `HTTP ${status}`);
  if (!isGood) {
    const kind = reported?.kind;
    const code: SynthesisCode =
      kind === "QUOTA" || kind === "DENIED" ? `SYNTHESIS_${kind}` : codeOfStatus(status);
    return new SynthesisError(code, `HTTP ${status}: ${said}`, { status });
  }
  if (reported !== undefined) {
    const { kind, message, vendorCode } = reported;
    return new SynthesisError(`SYNTHESIS_${kind}`, message, { vendorCode });
  }
  const what = fields === undefined ? "a text that is no JSON object" : "JSON without an error";
  const message = `the vendor sent ${what}, ${body.length} characters; audio is right`;
  return new SynthesisError("SYNTHESIS_PROTOCOL", message);
}

/** What a status that is no success means. */
export function codeOfStatus(status: number): SynthesisCode {
  if (status === 401 || status === 403) return "SYNTHESIS_DENIED";
  if (status === 402 || status === 429) return "SYNTHESIS_QUOTA";
  return status >= 400 && status < 500 ? "SYNTHESIS_REFUSED" : "SYNTHESIS_VENDOR";
}

function fieldsOf(body: string): ReturnType<typeof asFields> {
  try {
    return asFields(JSON.parse(body));
  } catch {
    // Half of an object is as little as none.
    return undefined;
  }
}
