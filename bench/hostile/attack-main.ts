/** Entry of the attackers: a process of its own, which is neither the engine nor its callers. */
import { connect, type Socket } from "node:net";
import { LoadSocket } from "../load/load-socket.js";
import { serveParent } from "../support/child-side.js";
import { Attacker } from "./attacker.js";
import type { Attack, AttackAsks, AttackReport } from "./messages.js";

const stepMs = 20;

const ends = { deaf: {}, flood: {}, wrongSize: {}, badUpgrade: {} } as Record<
  keyof AttackReport["ends"],
  Record<string, number>
>;
const live = new Set<Attacker>();
const silent = new Set<Socket>();
let halfOpened = 0;
let besieged: Promise<void> = Promise.resolve();

serveParent<AttackAsks, never>(
  {
    call({ attack, ...dial }) {
      const attacker: Attacker = new Attacker(dial, attack, (reason) => {
        live.delete(attacker);
        count(attack, reason);
      });
      live.add(attacker);
      return undefined;
    },
    begin(attack) {
      for (const attacker of live) attacker.begin();
      besieged = besiege(attack);
      return undefined;
    },
    /** When all has been begun, also where this process was given less time than it asked for. */
    async report() {
      await besieged;
      return { ends, live: live.size, halfOpened };
    },
  },
  () => undefined,
);

function count(kind: keyof AttackReport["ends"], reason: string): void {
  ends[kind][reason] = (ends[kind][reason] ?? 0) + 1;
}

/** What needs no call: some of it every 20 ms, until all is done. */
async function besiege({ url, overMs, halfOpen, badUpgrades }: Attack): Promise<void> {
  const { hostname: host, port: portText } = new URL(url);
  const port = Number(portText);
  const steps = Math.max(1, Math.floor(overMs / stepMs));
  for (let step = 0; step < steps; step += 1) {
    const due = (all: number): number =>
      Math.floor(((step + 1) * all) / steps) - Math.floor((step * all) / steps);
    for (let left = due(halfOpen); left > 0; left -= 1) openSilent(host, port);
    for (let left = due(badUpgrades); left > 0; left -= 1) upgradeNowhere(host, port);
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
  await Promise.all([...silent].filter(({ connecting }) => connecting).map(settled));
}

/** Connected, or refused. */
function settled(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("connect", resolve).once("close", () => resolve());
  });
}

function openSilent(host: string, port: number): void {
  const socket = connect({ host, port }, () => (halfOpened += 1));
  silent.add(socket);
  socket.on("error", () => undefined);
  socket.on("close", () => silent.delete(socket));
}

function upgradeNowhere(host: string, port: number): void {
  new LoadSocket({
    host,
    port,
    path: "/media/nowhere",
    opened: () => undefined,
    message: () => undefined,
    closed: (reason) => count("badUpgrade", reason),
  });
}
