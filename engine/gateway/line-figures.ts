/** What is known of the legs' lines, told to the node where it has changed. */
import type { GatewayReport } from "../control/messages.js";
import type { Seat } from "./seat.js";

export class LineFigures {
  readonly #report: (report: GatewayReport) => void;
  /** What was told last, as text. */
  readonly #told = new WeakMap<Seat, string>();

  constructor(report: (report: GatewayReport) => void) {
    this.#report = report;
  }

  tell(seats: Iterable<Seat>): void {
    for (const seat of seats) {
      const { leg, socket } = seat;
      const figures = socket?.session.figures?.(leg.streamId);
      if (figures === undefined) continue;
      const text = JSON.stringify(figures);
      if (text === this.#told.get(seat)) continue;
      this.#told.set(seat, text);
      this.#report({ kind: "mediaFigures", callId: leg.callId, figures });
    }
  }
}
