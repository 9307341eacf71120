/** What a call request must name, checked before anything happens. */
import type { Trunk } from "../../access/trunks/trunk.js";
import { EngineError } from "../../base/errors.js";
import type { CallRequest } from "../engine-node.js";
import type { Running } from "./start-up.js";

/**
 * Whether this engine can make a call as requested.
 *
 * @throws {EngineError} `USER_ID`, `UNKNOWN_FLOW`, `FLOW_UNSPEAKABLE`, `FLOW_VARIABLES`,
 *   `UNKNOWN_TRUNK`: what would be right
 */
export function checkRequest(request: CallRequest, running: Running): Trunk {
  const { userId, flow: flowId, variables = {} } = request;
  if (userId === "") throw new EngineError("USER_ID", "userId is empty; say whose call it is");
  const entry = running.flows.get(flowId);
  if (entry === undefined) {
    const known = [...running.flows.keys()].join(", ");
    throw new EngineError("UNKNOWN_FLOW", `flow "${flowId}" is not loaded; there is ${known}`);
  }
  const unspeakable = running.prompts.unspeakable.get(flowId);
  if (unspeakable !== undefined) {
    const message = `flow "${flowId}" cannot be spoken: ${unspeakable.message}`;
    throw new EngineError("FLOW_UNSPEAKABLE", message, unspeakable.detail);
  }
  entry.flow.start(variables);
  const trunk = running.trunks.get(request.trunk);
  if (trunk === undefined) {
    const known = [...running.trunks.keys()].join(", ");
    const message = `trunk "${request.trunk}" is not configured; there is ${known}`;
    throw new EngineError("UNKNOWN_TRUNK", message);
  }
  return trunk;
}
