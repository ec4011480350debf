/** The entry of the updater's own process, started by the control loop. */

import "./firmware/memory/small-heap.ts";
import { runVerb } from "./commands/line/run-verb.ts";
import { verb as updater } from "./commands/processes/updater.ts";

process.exitCode = await runVerb(updater, process.argv.slice(2));
