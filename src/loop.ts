/** The entry of the control loop's own process, started by the guardian. */

import "./firmware/memory/small-heap.ts";
import { runVerb } from "./commands/line/run-verb.ts";
import { verb as loop } from "./commands/processes/loop.ts";

process.exitCode = await runVerb(loop, process.argv.slice(2));
