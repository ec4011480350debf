/** The arguments that the loop passes to a face process. */
import type { Settings } from "../../model/settings.ts";
import type { BoardChoice } from "../choose-board.ts";
import { bootOfThisMachine, systemClock } from "../process/system-clock.ts";
import type { DataFolder } from "../storage/data-folder.ts";

export interface FaceArguments {
  readonly data: DataFolder;
  readonly choice: BoardChoice;
  readonly settings: Pick<Settings, "logLevel" | "relayLife">;
  /** Simulated readings may be sent to another machine. */
  readonly simulatedToCloud: boolean;
}

/** Read by commands/line/face.ts. */
export function faceArguments({ data, choice, settings, simulatedToCloud }: FaceArguments): string[] {
  // Start time by the clock that counts from the machine's boot: both processes share it, and it cannot be set.
  const { clockZeroMs } = bootOfThisMachine(systemClock);
  return [
    ...["--data", data.path, "--board", choice.name, "--log-level", settings.logLevel],
    ...["--relay-life", String(settings.relayLife), "--up-since", String(Math.round(clockZeroMs))],
    ...(simulatedToCloud ? ["--simulated-to-cloud"] : []),
  ];
}
