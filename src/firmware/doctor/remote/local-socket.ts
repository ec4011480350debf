/** Checks the socket by which commands of this machine reach the running device. Changes nothing. */
import { lstatSync } from "node:fs";
import { LocalClient } from "../../local-socket/local-client.ts";
import { socketFileIn } from "../../local-socket/socket-file.ts";
import { StartupError } from "../../process/exit-codes.ts";
import type { DataFolder } from "../../storage/data-folder.ts";
import { type Finding, ok, warn } from "../finding.ts";
import type { Machine } from "../machine.ts";

const check = "local-socket";

/** @param running whether a device runs on this data folder */
export async function checkLocalSocket(
  machine: Machine,
  data: DataFolder,
  running: boolean | undefined,
): Promise<Finding> {
  const folder = machine.resolve(data.path);
  const path = socketFileIn(data.path);
  const file = statOf(socketFileIn(folder));
  const restart = "Restart the firmware; see its log.";
  if (file === undefined)
    return running
      ? warn(
          check,
          `there is no ${path}, so commands such as status and set cannot reach the device`,
          restart,
        )
      : ok(check, "the firmware does not run on this data folder");
  if (!file.isSocket())
    return warn(check, `${path} is not a socket`, "Move it away, then restart the firmware.");
  const mode = file.mode & 0o777;
  if ((mode & 0o077) !== 0)
    return warn(check, `${path} can be used by others (mode 0${mode.toString(8)})`, `Run: chmod 600 ${path}`);
  // A killed process leaves its socket; the next start removes it.
  if (!running) return ok(check, "the firmware does not run on this data folder");
  try {
    (await LocalClient.connect(folder)).close();
    return ok(check, `the device answers at ${path}`);
  } catch (error) {
    if (error instanceof StartupError) return warn(check, error.message, error.remedy);
    throw error;
  }
}

function statOf(path: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
