/** The trunks of the generator: one connection per engine, and the calls that share it. */
import type { Line } from "./line.js";
import type { Dial } from "./messages.js";
import { TrunkConnection, type TrunkConnectionOptions } from "./trunk-connection.js";
import { TrunkLine, type TrunkLineParts } from "./trunk-line.js";

type Trunk = {
  readonly connection: TrunkConnection;
  /** How each call on it is told that it is gone. */
  readonly calls: Map<number, (reason: string) => void>;
  lastStreamId: number;
};

export type TrunkCallOptions = Pick<TrunkLineParts, "events" | "opened" | "closed"> & {
  readonly place: Omit<TrunkConnectionOptions, "closed">;
};

export class LoadTrunks {
  readonly #trunks = new Map<string, Trunk>();

  /** A line to that engine, and what of its connection is its own: nothing. */
  open({ url, ...dial }: Dial, options: TrunkCallOptions) {
    const { place, events, opened } = options;
    const trunk = this.#trunks.get(url) ?? this.#connect(url, place);
    const streamId = (trunk.lastStreamId += 1);
    const closed = (reason: string): void => {
      if (trunk.calls.delete(streamId)) options.closed(reason);
    };
    trunk.calls.set(streamId, closed);
    const { connection } = trunk;
    const parts = { trunk: connection, streamId, dial: { url, ...dial }, events, opened, closed };
    const line: Line = new TrunkLine(parts);
    return { line, connection: ownConnection };
  }

  /** The end of a pass of the clock: what was packed goes out. */
  flush(): void {
    for (const { connection } of this.#trunks.values()) connection.flush();
  }

  close(): void {
    for (const { connection } of this.#trunks.values()) connection.close();
  }

  #connect(url: string, place: TrunkCallOptions["place"]): Trunk {
    const calls: Trunk["calls"] = new Map();
    const connection = new TrunkConnection({
      ...place,
      closed: (reason) => {
        this.#trunks.delete(url);
        for (const closed of [...calls.values()]) closed(reason);
      },
    });
    const trunk: Trunk = { connection, calls, lastStreamId: 0 };
    this.#trunks.set(url, trunk);
    return trunk;
  }
}

/** A call ends by its own word; the connection stays. */
const ownConnection = {
  blockedCount: 0,
  resetBlocked: () => undefined,
  cut: () => undefined,
  close: () => undefined,
};
