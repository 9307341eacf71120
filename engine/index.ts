/**
 * The public library: `import { createNode, defaultConfig } from "voxtree"`.
 *
 * ```ts
 * const node = createNode(defaultConfig(), { trunks: [myTrunk] });
 * await node.start();
 * const request = { userId: "u1", flow: "my-flow", trunk: "mine", to: "+15550100" };
 * const { callId } = await node.startCall(request);
 * console.log((await node.callEnded(callId)).outcome);
 * await node.stop();
 * ```
 */
export { createNode, type NodeParts } from "./node/node.js";
export type {
  CallListener,
  CallRequest,
  CallStatus,
  CallView,
  EngineNode,
  HealthReport,
  LatencyReport,
  TranscriptLine,
} from "./engine-node.js";
export { defaultConfig, type ConfigOverrides } from "../config/default-config.js";
export { loadConfig, loadConfigFile } from "../config/load-config.js";
export type { Config } from "../config/schema.js";
export { EngineError, type ErrorData } from "../base/errors.js";
export type { Trunk, TrunkAttempt, TrunkEvent, TrunkOutcome } from "../access/trunks/trunk.js";
export { compileFlow } from "../dialog/flow-compiler.js";
export type { CompiledFlow } from "../dialog/dialog-types.js";
