/** Short calls, one after the other, so many at once: for what calls leave behind. */
import type { EngineNode } from "../../engine/engine-node.js";

export type Churn = { readonly flow: string; readonly calls: number; readonly atOnce: number };

/** How the calls ended, by outcome; refusals by their code. Nothing else of them is kept. */
export type ChurnOutcomes = Readonly<Record<string, number>>;

/** Runs so many calls to their own end. */
export async function churnCalls(
  node: EngineNode,
  { flow, calls, atOnce }: Churn,
): Promise<ChurnOutcomes> {
  const outcomes: Record<string, number> = {};
  let left = calls;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const outcome = await oneCall(node, flow);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return outcomes;
}

async function oneCall(node: EngineNode, flow: string): Promise<string> {
  try {
    const request = { userId: "bench-churn", flow, trunk: "bench", to: "1" };
    const { callId } = await node.startCall(request);
    const view = await node.callEnded(callId);
    return view.outcome ?? "none";
  } catch (error) {
    return (error as { code?: string }).code ?? "UNEXPECTED";
  }
}
