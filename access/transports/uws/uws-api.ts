/**
 * The part of `uWebSockets.js` (version 20) that we use, as its documentation describes it, and the
 * way to it. The package is not on the registry of npm: whoever wants it installs it from its
 * repository, and where it is missing we do without.
 */

export type UwsSocket<UserData> = {
  getUserData(): UserData;
  /** 1: sent, 0: waits, 2: dropped, because too much waits already. */
  send(message: string | Uint8Array, isBinary: boolean, compress: boolean): number;
  ping(): number;
  getBufferedAmount(): number;
  /** Sends a close frame; calls the close handler before it returns. */
  end(code: number, reason: string): void;
  /** Cuts the connection; calls the close handler before it returns. */
  close(): void;
};

export type UwsResponse = {
  writeStatus(status: string): UwsResponse;
  writeHeader(name: string, value: string): UwsResponse;
  end(body: string, closeConnection: boolean): UwsResponse;
  getRemoteAddressAsText(): ArrayBuffer;
  upgrade<UserData>(
    userData: UserData,
    key: string,
    subprotocol: string,
    extensions: string,
    context: unknown,
  ): void;
};

/** Valid during the call it is handed to only. */
export type UwsRequest = {
  getUrl(): string;
  /** Without the question mark; undefined or "" when there is none. */
  getQuery(): string | undefined;
  getHeader(name: string): string;
  forEach(each: (name: string, value: string) => void): void;
};

export type UwsBehavior<UserData> = {
  readonly maxPayloadLength: number;
  /** Seconds, 0 for never. */
  readonly idleTimeout: number;
  readonly maxBackpressure: number;
  readonly sendPingsAutomatically: boolean;
  readonly upgrade: (response: UwsResponse, request: UwsRequest, context: unknown) => void;
  readonly open: (socket: UwsSocket<UserData>) => void;
  /** The memory is taken away when the handler returns. */
  readonly message: (socket: UwsSocket<UserData>, data: ArrayBuffer, isBinary: boolean) => void;
  readonly ping: (socket: UwsSocket<UserData>) => void;
  readonly pong: (socket: UwsSocket<UserData>) => void;
  /** The socket must not be used any more. */
  readonly close: (socket: UwsSocket<UserData>, code: number, reason: ArrayBuffer) => void;
};

export type UwsApp = {
  ws<UserData>(pattern: string, behavior: UwsBehavior<UserData>): UwsApp;
  any(pattern: string, handle: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  listen(host: string, port: number, listening: (listenSocket: unknown) => void): UwsApp;
};

export type UwsModule = {
  App(): UwsApp;
  us_listen_socket_close(listenSocket: unknown): void;
  us_socket_local_port(listenSocket: unknown): number;
};

/**
 * The module.
 *
 * @throws {Error} `ERR_MODULE_NOT_FOUND` where it is not installed; its own where it has no binary
 *   for this Node
 */
export async function importUws(): Promise<UwsModule> {
  // A name that the compiler cannot see: it would look for the package.
  const name: string = "uWebSockets.js";
  const module = (await import(name)) as UwsModule & { readonly default?: UwsModule };
  return module.default ?? module;
}
