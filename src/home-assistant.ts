/** The entry of the process of Home Assistant, which the control loop starts. */

import "./firmware/memory/small-heap.ts";
import { runVerb } from "./commands/line/run-verb.ts";
import { verb as homeAssistant } from "./commands/processes/home-assistant.ts";

process.exitCode = await runVerb(homeAssistant, process.argv.slice(2));
