/** Checks whether alerts can be sent. Guarantee: sends nothing, and shows neither address nor token. */
import { join } from "node:path";
import { bareHost, isLoopback } from "../../../hub/host-names.ts";
import { checkConnection } from "../../../manifest/gate.ts";
import type { Manifest } from "../../../manifest/manifest.ts";
import { AlertFileError, alertFileName, readAlertFile } from "../../alerts/alert-file.ts";
import { readAlertSummary } from "../../alerts/alert-summary.ts";
import type { DataFolder } from "../../storage/data-folder.ts";
import { type Finding, fail, ok, warn } from "../finding.ts";
import type { Machine } from "../machine.ts";

const check = "alerts";
const tryIt = "Try it: grove-heater alerts test";

/** @param manifest `undefined`: it is invalid, which another finding reports */
export async function checkAlerts(
  machine: Machine,
  data: DataFolder,
  manifest: Pick<Manifest, "connections"> | undefined,
): Promise<Finding> {
  const folder = machine.resolve(data.path);
  try {
    const settings = await readAlertFile(folder);
    if (settings === undefined) return ok(check, `none: there is no ${join(data.path, alertFileName)}`);
    const { host, hostname, protocol } = settings.url;
    const refused = manifest && checkConnection(manifest, hostname);
    if (refused) {
      const remedy = 'Add it to "AllowedConnections" in the manifest; see: grove-heater manifest check.';
      return fail(check, `connections to ${hostname} are not allowed`, remedy);
    }
    const { waiting } = await readAlertSummary(folder, settings);
    if (waiting > 0) return warn(check, `${waiting} messages to ${host} wait for delivery`, tryIt);
    if (settings.token !== undefined && protocol === "http:" && !isLoopback(bareHost(hostname)))
      return warn(check, `the token is sent to ${host} in clear text`, "Use an https: address.");
    return ok(check, `to ${host} (${settings.format}); to try it: grove-heater alerts test`);
  } catch (error) {
    if (!(error instanceof AlertFileError)) throw error;
    return fail(check, error.message, "Correct it: until then no alerts are sent.");
  }
}
