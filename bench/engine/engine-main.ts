/** Entry of the engine under test. */
import { serveEngine } from "./engine-service.js";

serveEngine({});
