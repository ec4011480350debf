/** Folder targets/: the table of what reads what others have written, each with valid samples. */
import type { Target } from "../harness.ts";
import { cloudTargets } from "./cloud.ts";
import { fileTargets } from "./files.ts";
import { hubTargets } from "./hub.ts";
import { messageTargets } from "./messages.ts";
import { updateTargets } from "./updates.ts";

export const targets: readonly Target[] = [
  ...fileTargets,
  ...cloudTargets,
  ...messageTargets,
  ...hubTargets,
  ...updateTargets,
];
