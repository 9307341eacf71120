/**
 * What a peer did wrong on the wire. One class for all protocols: the code says which rule was
 * broken, the message names the place, the value and what would be right.
 */
import { EngineError } from "../../base/errors.js";

/** The rules a peer can break; `docs/protocol.md` lists them with their meaning. */
export type ProtocolErrorCode =
  | "PROTOCOL_TRUNCATED"
  | "PROTOCOL_VERSION"
  | "PROTOCOL_TYPE"
  | "PROTOCOL_RESERVED"
  | "PROTOCOL_CODEC"
  | "PROTOCOL_OVERSIZE"
  | "PROTOCOL_SEQUENCE"
  | "PROTOCOL_MEDIA_TIME"
  | "PROTOCOL_FRAME_SAMPLES"
  | "PROTOCOL_FRAME_LENGTH"
  | "PROTOCOL_CONTROL"
  | "PROTOCOL_FIELD"
  | "PROTOCOL_FORMAT"
  | "PROTOCOL_LIMIT"
  | "PROTOCOL_STREAM"
  | "PROTOCOL_ORDER"
  | "PROTOCOL_MESSAGE_KIND"
  | "PROTOCOL_JSON"
  | "PROTOCOL_PAYLOAD"
  | "PROTOCOL_FLOOD";

/** A message that breaks its protocol. The connection that sent it is closed; others go on. */
export class ProtocolError extends EngineError {
  /** @param detail numbers and names only: never what a person said or dialled, never a token */
  constructor(
    code: ProtocolErrorCode,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(code, message, detail, options);
  }
}

/** Whether something thrown is the peer's fault. */
export function isProtocolError(thrown: unknown): thrown is ProtocolError {
  return thrown instanceof ProtocolError;
}
