/**
 * Entry of a FreeSWITCH without telephones: an Event Socket server in a process of its own, with
 * channels that behave as they were dialled. It can be told to fail in every way a switch does.
 */
import { createServer, type AddressInfo } from "node:net";
import { nodeTime } from "../../../base/node-ports.js";
import { serveFarEnd } from "./far-end.js";
import { MockEslSession, type EslFaults } from "./mock-esl-session.js";
import { MockSwitch } from "./mock-switch.js";

export type MockFreeSwitchSettings = { readonly port?: number; readonly password: string };

const settings = JSON.parse(process.argv[2] ?? "{}") as MockFreeSwitchSettings;
const time = nodeTime();
const sessions = new Set<MockEslSession>();
const faults: EslFaults = { isStalled: false, dieAt: undefined };
let connections = 0;
let isMute = false;

const channels = new MockSwitch(time, (name, headers, body) => {
  for (const session of sessions) session.event(name, headers, body);
});

const server = createServer((socket) => {
  connections += 1;
  if (isMute) return;
  const run = (command: string): Promise<string> => channels.run(command);
  const session = new MockEslSession({ socket, password: settings.password, time, faults, run });
  sessions.add(session);
  socket.on("close", () => sessions.delete(session));
});

server.listen(settings.port ?? 0, "127.0.0.1", () => {
  serveFarEnd((server.address() as AddressInfo).port, {
    channels: () => [...channels.channels.keys()],
    commands: () => channels.commands,
    connections: () => ({ open: sessions.size, all: connections }),
    keys: (id: string) => channels.channels.get(id)?.keys,
    hangup: (id: string) => channels.hangup(id),
    press: ({ id, digit }: { id: string; digit: string }) => channels.press(id, digit),
    drop: () => {
      for (const session of sessions) session.close();
    },
    raw: (text: string) => {
      for (const session of sessions) session.raw(text);
    },
    stall: (isStalled: boolean) => void (faults.isStalled = isStalled),
    mute: (on: boolean) => void (isMute = on),
    dieAt: (dieAt: EslFaults["dieAt"]) => void (faults.dieAt = dieAt),
  });
});
