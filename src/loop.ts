/** The entry of the control loop's own process, started by the guardian. */

import "./firmware/process/small-heap.ts";
import { verb as loop } from "./commands/loop.ts";
import { runVerb } from "./commands/run-verb.ts";

process.exitCode = await runVerb(loop, process.argv.slice(2));
