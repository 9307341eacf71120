/** Walks the table of `README.md`: each row is set up, played in virtual time, and compared. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { EngineError, type ErrorData } from "../../base/errors.js";
import { virtualTime } from "../../base/virtual-time.js";
import {
  childSpec,
  createActorSystem,
  createSchedulerDispatcher,
  supervisor,
  type ActorRef,
  type AutoShutdown,
  type Behavior,
  type ChildSpec,
  type ExitReason,
  type ReplyTo,
  type RestartPolicy,
  type RestartStrategy,
  type StartChildReply,
  type StopChildReply,
  type SupervisorMessage,
  type SupervisorOptions,
} from "./index.js";

type ChildMessage = { kind: "end"; reason: ExitReason } | { kind: "closed" };

const periodMs = 1000;
const closeMs = 50;

/** Everything a row can say about one child, out of the words of its policy column. */
type ChildPlan = {
  restart?: RestartPolicy;
  isSignificant?: boolean;
  shutdownMs?: number;
  closing?: "slow" | "never";
  /** Lives that do not start, by number. */
  failing: (incarnation: number) => boolean;
};

function rig(policy: string) {
  const time = virtualTime();
  const trace: string[] = [];
  const system = createActorSystem({
    name: "t",
    dispatcher: createSchedulerDispatcher(time),
    time,
    deadLetters: () => undefined,
    onFailure: () => undefined,
  });
  const refs = new Map<string, ActorRef<ChildMessage>>();
  const words = policy.split(",").map((word) => word.trim());
  const child = (id: string): ChildSpec => {
    const { failing, closing, ...spec } = planOf(id, words);
    return childSpec<null, ChildMessage>({
      id,
      ...spec,
      make: ({ incarnation }) => noted(trace, id, incarnation, failing(incarnation), closing),
      onStarted: (ref) => void refs.set(id, ref),
    });
  };
  return { time, trace, system, refs, child, options: optionsOf(words) };
}

function noted(
  trace: string[],
  id: string,
  incarnation: number,
  isFailing: boolean,
  closing: "slow" | "never" | undefined,
): Behavior<null, ChildMessage> {
  return {
    start() {
      if (isFailing) throw new Error("no start");
      trace.push(`start ${id}(${incarnation})`);
      return null;
    },
    receive: (_state, message, ctx) =>
      ctx.stop(message.kind === "end" ? message.reason : undefined),
    ...(closing === undefined
      ? {}
      : {
          stopping: (_state, _reason, ctx) => {
            if (closing === "slow") ctx.after(closeMs, { kind: "closed" });
          },
        }),
    stopped: (_state, reason) => void trace.push(`end ${id} ${reason.kind}`),
  };
}

function planOf(id: string, words: readonly string[]): ChildPlan {
  const plan: ChildPlan = { failing: () => false };
  for (const word of words.filter((some) => some.startsWith(`${id} `))) {
    const rest = word.slice(2);
    const [first, second] = rest.split(" ");
    if (rest === "closes slowly") plan.closing = "slow";
    else if (rest === "never closes") plan.closing = "never";
    else if (rest === "does not start") plan.failing = () => true;
    else if (rest === "does not start again") plan.failing = (life) => life > 1;
    else if (rest === "does not start again once") plan.failing = (life) => life === 2;
    else if (first === "shutdownMs") plan.shutdownMs = Number(second);
    else {
      plan.restart = first as RestartPolicy;
      plan.isSignificant = second === "significant";
    }
  }
  return plan;
}

function optionsOf(words: readonly string[]): Omit<SupervisorOptions, "children"> {
  const after = (key: string): string | undefined =>
    words.find((word) => word.startsWith(`${key} `))?.slice(key.length + 1);
  const strategies = ["oneForOne", "oneForAll", "restForOne"];
  return {
    strategy: (words.find((word) => strategies.includes(word)) ?? "oneForOne") as RestartStrategy,
    intensity: { restartsMax: Number(after("restartsMax") ?? 3), periodMs },
    autoShutdown: (after("autoShutdown") ?? "never") as AutoShutdown,
  };
}

function reasonOf(kind: string): ExitReason {
  if (kind !== "failed") return { kind: kind as "normal" };
  const error: ErrorData = { code: "BOOM", message: "boom", detail: {} };
  return { kind, error };
}

async function play(event: string, policy: string): Promise<string[]> {
  const { time, trace, system, refs, child, options } = rig(policy);
  const made = supervisor({ ...options, children: ["a", "b", "c"].map(child) });
  const ref: ActorRef<SupervisorMessage> = system.spawn("S", made);
  system.onDown(ref, ({ reason }) =>
    trace.push(`end S ${reason.kind}${reason.kind === "failed" ? ` ${reason.error.code}` : ""}`),
  );
  time.settle();
  if (event === "S starts") return trace;
  trace.length = 0;
  const reply = async (answer: Promise<{ isOk: boolean; error?: ErrorData }>): Promise<void> => {
    time.advance(closeMs);
    const { isOk, error } = await answer;
    trace.push(`reply ${isOk ? "ok" : error!.code}`);
  };
  for (const step of event.split(", then ")) {
    const [subject, verb, kind, ...later] = step.split(" ");
    if (later.join(" ") === "a period later") time.advance(periodMs + 1);
    if (subject === "startChild") {
      const spec = child(verb!);
      await reply(system.ask(ref, (replyTo) => startCommand(spec, replyTo), 1e4));
    } else if (subject === "stopChild") {
      const id = verb!;
      await reply(system.ask(ref, (replyTo) => stopCommand(id, replyTo), 1e4));
    } else if (step === "S is stopped") void system.shutdown(1e6);
    else if (step === "S is stopped without time") void system.shutdown(0);
    else if (verb === "ends") refs.get(subject!)!.tell({ kind: "end", reason: reasonOf(kind!) });
    else throw new EngineError("TEST", `the table has an unknown event: ${step}`);
    time.settle();
  }
  time.advance(1e5);
  return trace;
}

const startCommand = (spec: ChildSpec, replyTo: ReplyTo<StartChildReply>): SupervisorMessage => ({
  kind: "startChild",
  spec,
  replyTo,
});

const stopCommand = (id: string, replyTo: ReplyTo<StopChildReply>): SupervisorMessage => ({
  kind: "stopChild",
  id,
  replyTo,
});

const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");
const table = readme.slice(readme.indexOf("## Supervisors")).split("\n");
const rows = table
  .filter((line) => line.startsWith("| ") && !line.startsWith("| event"))
  .map((line) =>
    line
      .split("|")
      .slice(1, 4)
      .map((cell) => cell.trim()),
  );

test("the table has its rows", () => {
  expect(rows.length).toBeGreaterThanOrEqual(50);
});

test.each(rows)("%s; %s → %s", async (event, policy, happens) => {
  expect((await play(event, policy)).join(", ")).toBe(happens);
});
