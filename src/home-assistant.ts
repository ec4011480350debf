/** The entry of the process of Home Assistant, which the control loop starts. */

import "./firmware/memory/small-heap.ts";
import { verb as homeAssistant } from "./commands/home-assistant.ts";
import { runVerb } from "./commands/line/run-verb.ts";

process.exitCode = await runVerb(homeAssistant, process.argv.slice(2));
