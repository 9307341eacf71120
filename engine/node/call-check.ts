/** What a call request must name, checked before anything happens. */
import type { Trunk } from "../../access/trunks/trunk.js";
import { EngineError } from "../../base/errors.js";
import { flowFor, primary, speaksItself } from "../../dialog/languages.js";
import type { CallRequest } from "../engine-node.js";
import type { LibraryFlow } from "./flow-library.js";
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

/**
 * The request with the flow that speaks its language, where it names one.
 *
 * @throws {EngineError} `FLOW_LANGUAGE` when neither the flow nor one that it names speaks it
 */
export function inLanguage(
  request: CallRequest,
  flows: ReadonlyMap<string, LibraryFlow>,
): CallRequest {
  const { language, flow: id } = request;
  const flow = flows.get(id)?.flow;
  if (language === undefined || flow === undefined || speaksItself(flow, language)) return request;
  const other = flowFor(flow, language);
  if (other !== undefined) return { ...request, flow: other };
  // A flow in the language, if of another country, is what there is.
  if (primary(flow.language) === primary(language)) return request;
  const known = [flow.language, ...Object.keys(flow.languages)].join(", ");
  const message = `flow "${id}" does not speak ${language}; it has ${known}`;
  throw new EngineError("FLOW_LANGUAGE", message, { flow: id, language });
}
