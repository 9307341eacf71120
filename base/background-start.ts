/**
 * Entry of a thread that is started in the background: it steps back before it loads its real
 * entry, the last argument, and returns when that one calls `arrive`.
 */
import { arriveWith } from "./background-arrival.js";
import { stepBack } from "./thread-priority.js";

arriveWith(stepBack());
await import(process.argv.at(-1)!);
