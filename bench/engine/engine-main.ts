/** Entry of the engine under test. */
import { helpersYield } from "../../base/thread-priority.js";
import { serveEngine } from "./engine-service.js";

// As the command does.
helpersYield();
serveEngine({});
