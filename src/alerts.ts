/** The entry of the alert process, which the control loop starts. */

import "./firmware/memory/small-heap.ts";
import { runVerb } from "./commands/line/run-verb.ts";
import { verb as alerter } from "./commands/processes/alerter.ts";

process.exitCode = await runVerb(alerter, process.argv.slice(2));
