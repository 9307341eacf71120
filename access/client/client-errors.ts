/** What goes wrong at a client, in words. */
import { EngineError } from "../../base/errors.js";

/** The owner's mistake: frames of another length than the format's. */
export function wrongLength(payloadBytes: number, frameBytes: number): EngineError {
  return new EngineError(
    "CLIENT_FRAME_LENGTH",
    `frame to send has ${payloadBytes} bytes, ${frameBytes} is right`,
    { payloadBytes, frameBytes },
  );
}

/** The engine sends faster than anyone can listen. */
export function bufferFull(waitingFrames: number): EngineError {
  return new EngineError(
    "CLIENT_BUFFER_FULL",
    `${waitingFrames} frames wait to be played, which is all that fit; paced frames are right`,
    { waitingFrames },
  );
}
