/** The entry of the cloud half's own process, started by the control loop. */

import "./firmware/memory/small-heap.ts";
import { verb as cloud } from "./commands/cloud.ts";
import { runVerb } from "./commands/line/run-verb.ts";

process.exitCode = await runVerb(cloud, process.argv.slice(2));
