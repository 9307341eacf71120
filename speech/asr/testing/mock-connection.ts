/** What a mock vendor is given for each connection. */
import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import type { Time } from "../../../base/ports.js";

export type MockConnection = {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly time: Time;
  /** How long after its audio a text comes. */
  readonly delayMs: number;
};

export type ServeMock = (connection: MockConnection) => void;
