/**
 * Transitions of a machine without anything that runs. The library's own function makes an actor
 * for each, and with it the machine's first state anew; one for all costs half as much, since a
 * pure transition only asks it who it is.
 */
import { createActor, type AnyStateMachine } from "xstate";

type Snapshot = ReturnType<AnyStateMachine["transition"]>;
type Scope = Parameters<AnyStateMachine["transition"]>[2];
type Action = Parameters<Scope["actionExecutor"]>[0];

/** What comes of an event: the next snapshot, and the actions that were not executed. */
export type PureTransition = (
  snapshot: Snapshot,
  event: { readonly type: string },
) => readonly [Snapshot, readonly Action[]];

export function pureTransitions(machine: AnyStateMachine): PureTransition {
  const self = createActor(machine);
  let actions: Action[] = [];
  const scope: Scope = {
    self,
    system: self.system,
    id: "",
    sessionId: "",
    logger: () => undefined,
    defer: () => undefined,
    emit: () => undefined,
    stopChild: () => undefined,
    actionExecutor: (action) => void actions.push(action),
  };
  return (snapshot, event) => {
    actions = [];
    const next = machine.transition(snapshot, event, scope);
    return [next, actions];
  };
}
