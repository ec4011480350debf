/** The entry of the cloud process, which the control loop starts. */

import "./firmware/memory/small-heap.ts";
import { runVerb } from "./commands/line/run-verb.ts";
import { verb as cloud } from "./commands/processes/cloud.ts";

process.exitCode = await runVerb(cloud, process.argv.slice(2));
