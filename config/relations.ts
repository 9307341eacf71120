/**
 * How the parts of a configuration must fit together. Ranges of single values are the schema's
 * business; here two or more of them contradict each other, or one is unsafe without another.
 */
import { isIP } from "node:net";
import type { ConfigProblem } from "./config-errors.js";
import { frameMs } from "./limits.js";
import type { Config } from "./schema.js";

/** Every contradiction, each at the value that is easiest to change. */
export function findContradictions(config: Config): ConfigProblem[] {
  return [
    ...gatewayProblems(config),
    ...callProblems(config),
    ...exposureProblems(config),
    ...trunkProblems(config),
  ];
}

/** The same, as mistakes without a place in a file. */
export function checkRelations(config: Config): { path: string; message: string }[] {
  return findContradictions(config).map(({ path, message }) => ({ path: path.join("."), message }));
}

function problem(path: ConfigProblem["path"], message: string): ConfigProblem {
  return { path, message };
}

function gatewayProblems({ gateway, http }: Config): ConfigProblem[] {
  const found: ConfigProblem[] = [];
  const { playoutLeadMs, bufferedBytesMax, messageBytesMax, startMsMax, idleMsMax } = gateway;
  if (playoutLeadMs % frameMs !== 0) {
    const right = `must be a multiple of ${frameMs} ms, the length of a frame`;
    found.push(problem(["gateway", "playoutLead"], `${right}, not ${playoutLeadMs} ms`));
  }
  if (bufferedBytesMax < messageBytesMax) {
    const right = `must hold a message, so at least messageBytesMax (${messageBytesMax} bytes)`;
    found.push(problem(["gateway", "bufferedBytesMax"], `${right}, not ${bufferedBytesMax} bytes`));
  }
  if (startMsMax > idleMsMax) {
    const right = `must not be over idle (${idleMsMax} ms), which would cut it short`;
    found.push(problem(["gateway", "start"], `${right}; it is ${startMsMax} ms`));
  }
  if (http.port !== 0 && http.port === gateway.port) {
    const right = `${http.port} is the gateway's port too; they listen apart`;
    found.push(problem(["http", "port"], right));
  }
  return found;
}

function callProblems({ calls, gateway }: Config): ConfigProblem[] {
  const found: ConfigProblem[] = [];
  const { callsMax, ringMsMax, answerMsMax } = calls;
  if (callsMax > gateway.connectionsMax) {
    const right = `must not be over gateway.connectionsMax (${gateway.connectionsMax})`;
    found.push(problem(["calls", "max"], `${right}: every call needs a socket; it is ${callsMax}`));
  }
  if (answerMsMax <= ringMsMax) {
    const right = `must be longer than ringMax (${ringMsMax} ms), since it includes the ringing`;
    found.push(problem(["calls", "answerMax"], `${right}; it is ${answerMsMax} ms`));
  }
  return found;
}

function exposureProblems({ gateway, http }: Config): ConfigProblem[] {
  const found: ConfigProblem[] = [];
  if (!isLoopback(gateway.host)) {
    const why = "media streams are not authenticated by signed tokens yet";
    const right = `"${gateway.host}" is reachable from outside, but ${why}: use 127.0.0.1 or ::1`;
    const way =
      "behind a proxy that ends TLS, and set gateway.advertisedUrl to the proxy's wss URL";
    found.push(problem(["gateway", "host"], `${right}, ${way}`));
  }
  if (!isLoopback(http.host) && http.apiToken === undefined) {
    const right = `"${http.host}" is reachable from outside, so http.apiToken must be set`;
    const way = "e.g. apiToken: { env: VOXTREE_API_TOKEN }; without it, use 127.0.0.1 or ::1";
    found.push(problem(["http", "host"], `${right}, ${way}`));
  }
  return found;
}

function trunkProblems({ trunks }: Config): ConfigProblem[] {
  const names = trunks.map(({ name }) => name);
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (first === index) return [];
    const message = `"${name}" is the name of trunk ${first + 1} too; names are unique`;
    return [problem(["trunks", index, "name"], message)];
  });
}

/** Whether an address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}
