/** What the loopback trunk and its callee process say to one another over IPC. */
import type { TrunkEvent } from "../../access/trunks/trunk.js";
import type { CalleeReport } from "./callee-report.js";
import type { CalleeScript } from "./callee-script.js";

/** How a callee process shall work; the first message it gets. */
export type CalleeSettings = {
  /** Recognise prompts, where a recogniser is installed. */
  readonly isRecognizing: boolean;
  /** Prompts recognised at the same time; further ones are not understood, and say so. */
  readonly streamsMax: number;
  /** Folder for recordings, which must exist; none are made without it. */
  readonly recordDir?: string;
};

/** One call to answer. */
export type CalleeDial = {
  readonly callId: string;
  readonly script: CalleeScript;
  readonly mediaUrl: string;
  readonly token: string;
  readonly ringMsMax: number;
};

/** Trunk → callee process. */
export type CalleeCommand =
  | { readonly kind: "configure"; readonly settings: CalleeSettings }
  | { readonly kind: "dial"; readonly dial: CalleeDial }
  | { readonly kind: "hangup"; readonly callId: string }
  /** Hang everything up and exit. */
  | { readonly kind: "stop" };

/** Whether prompts are understood, and if not, why. */
export type RecognitionState = { readonly isOn: boolean; readonly note?: string };

/** Callee process → trunk. */
export type CalleeNotice =
  | { readonly kind: "ready"; readonly recognition: RecognitionState }
  /** The process cannot work at all and exits. */
  | { readonly kind: "unusable"; readonly code: string; readonly message: string }
  | { readonly kind: "event"; readonly callId: string; readonly event: TrunkEvent }
  /** Comes before the call's `ended`, once, if the call was answered. */
  | { readonly kind: "report"; readonly callId: string; readonly report: CalleeReport };
