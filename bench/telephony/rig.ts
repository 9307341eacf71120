/**
 * A real Asterisk with SIP callees on loopback, for tests and demonstrations: `test/telephony/rig`
 * gets its packages once from Debian and runs them unpacked, without root. Each rig has its own
 * ports and folder, so it never meets another one.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { packageRoot } from "../../base/compiled-entry.js";
import type { AriAddress } from "../../access/trunks/asterisk/ari-http.js";

const run = promisify(execFile);
/** A cold start downloads 130 MB. */
const upMsMax = 300_000;

export type Telephony = {
  readonly ari: AriAddress;
  /** Section of `websocket_client.conf` that leads to the media URL. */
  readonly mediaClient: string;
  /** Where SIP callees inside Asterisk answer, `host:port`. */
  readonly sip: string;
  /** Where a callee on `calleePort` can be dialled. */
  readonly calleePort: number;
  /** Folder of its programs: `sipp`, `baresip`. */
  readonly binDir: string;
  /** Folder with what callees heard (`heard/`), and the logs. */
  readonly runDir: string;
  /** Runs a command on Asterisk's console. */
  console(command: string): Promise<string>;
  /** Kills Asterisk and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

const rigDir = fileURLToPath(new URL("test/telephony/rig", packageRoot));

/** Whether a process still holds what it held; one that nobody has buried yet does not. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false; // gone
  }
}

/** A port of loopback that nobody uses. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** The same for UDP. */
export function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.once("error", reject);
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/**
 * A port that was free a moment ago may be taken by now: then with others.
 *
 * @param mediaUrl where Asterisk opens its media sockets to, e.g. our `/media/asterisk`
 * @param options `isAsDeployed`: with the files of `deploy/asterisk/`
 */
export async function startTelephony(
  mediaUrl: string,
  options: { readonly isAsDeployed?: boolean } = {},
): Promise<Telephony> {
  for (let triesLeft = 3; ; triesLeft -= 1) {
    try {
      return await startOnce(mediaUrl, options.isAsDeployed === true);
    } catch (error) {
      const isTaken = /could not bind|is taken/.test(String(error));
      if (!isTaken || triesLeft === 1) throw error;
    }
  }
}

/** As `deploy/asterisk/` has them, and as the rig does. */
const deployed = { user: "voxtree", password: "replace-this-password", mediaClient: "voxtree" };
const own = { user: "rig", password: "rig-password", mediaClient: "media" };

async function startOnce(mediaUrl: string, isAsDeployed: boolean): Promise<Telephony> {
  const { user, password, mediaClient } = isAsDeployed ? deployed : own;
  const runDir = mkdtempSync(join(tmpdir(), "voxtree-telephony-"));
  const [sipPort, calleePort] = [await freeUdpPort(), await freeUdpPort()];
  const [ariPort, audioPort] = [await freePort(), await freePort()];
  // Below the ports that the kernel gives out by itself: a call of another rig takes none of ours.
  const rtpStart = 10_000 + ((sipPort * 7) % 200) * 100;
  const env = {
    ...process.env,
    TELEPHONY_RIG_RUN: runDir,
    TELEPHONY_SIP_PORT: String(sipPort),
    TELEPHONY_ARI_PORT: String(ariPort),
    TELEPHONY_ARI_USER: user,
    TELEPHONY_ARI_PASSWORD: password,
    TELEPHONY_DEPLOY: isAsDeployed ? "1" : "",
    TELEPHONY_CALLEE_PORT: String(calleePort),
    TELEPHONY_AUDIOSOCKET: `127.0.0.1:${audioPort}`,
    TELEPHONY_MEDIA_WS_URL: mediaUrl,
    TELEPHONY_RTP_START: String(rtpStart),
    TELEPHONY_RTP_END: String(rtpStart + 1999),
  };
  const rig = (script: string) => run(join(rigDir, script), [], { env, timeout: upMsMax });
  await rig("up").catch((error: unknown) => {
    rmSync(runDir, { recursive: true, force: true });
    throw error;
  });
  const { stdout } = await run("bash", ["-c", `. ${join(runDir, "env")}; echo $TELEPHONY_BIN`]);
  const bin = stdout.trim();
  return {
    ari: { url: `http://127.0.0.1:${ariPort}/ari`, user, password },
    mediaClient,
    sip: `127.0.0.1:${sipPort}`,
    calleePort,
    binDir: bin,
    runDir,
    async console(command) {
      const config = join(runDir, "etc/asterisk.conf");
      return (await run(join(bin, "asterisk"), ["-C", config, "-rx", command])).stdout;
    },
    async restart() {
      const pid = Number(readFileSync(join(runDir, "asterisk.pid"), "utf8"));
      process.kill(pid, "SIGKILL");
      while (isRunning(pid)) await sleep(20);
      await rig("up");
    },
    async stop() {
      await rig("down");
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}
