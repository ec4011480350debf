/**
 * The guardian's reports: how its loops ended, how it intervened, and that its own last run did not end
 * cleanly.
 *
 * Guarantee: this module is loaded only after the first loop was started, and nothing waits for it. A
 * guardian that ends cleanly removes its marker file; one that finds a marker at its start reports it: a
 * power cut, a kill or a crash.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { makePrivateFolder } from "../../base/files/atomic-file.ts";
import { readJson } from "../../base/json/value.ts";
import type { Log } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { string } from "../../base/schema/values.ts";
import { seconds } from "../../base/units.ts";
import { loadManifestWithoutHat } from "../load-manifest.ts";
import { firmwareVersion } from "../process/package-root.ts";
import { bootOfThisMachine, systemClock } from "../process/system-clock.ts";
import { durableSystemFiles } from "../storage/durable-files.ts";
import { gatedFiles } from "../storage/gated-files.ts";
import type { ReportRecorder } from "./recorder.ts";
import { ReportStore, reportsFolder } from "./report-store.ts";

const markerContent = object({ boot: string(), firmware: string() });
const endTimeout = seconds(1);

/** Never throws and never rejects. @returns the function to call at a clean end; its promise resolves soon */
export async function startGuardianReports(
  recorder: ReportRecorder,
  dataPath: string,
  log: Log,
): Promise<() => Promise<void>> {
  const folder = reportsFolder(dataPath);
  const marker = join(folder, "running");
  try {
    const files = gatedFiles(durableSystemFiles, dataPath, loadManifestWithoutHat());
    await makePrivateFolder(folder);
    recorder.keepIn(new ReportStore(folder, files, systemClock));
    const text = await files.read(marker).catch(() => undefined);
    const boot = bootOfThisMachine(systemClock).id;
    if (text !== undefined) {
      const last = read(markerContent, readJson(text));
      const how = last?.boot === boot ? "the guardian was killed" : "the machine lost its power or restarted";
      log.warn("unclean-end", { how, firmware: last?.firmware });
    }
    await files.writeDurably(`${marker}.new`, JSON.stringify({ boot, firmware: firmwareVersion() }));
    await files.rename(`${marker}.new`, marker);
    await files.syncFolder(folder);
  } catch (error) {
    log.debug("reports-not-kept", { cause: messageOf(error) });
  }
  return async () => {
    const done = recorder.flush().then(() => rm(marker, { force: true }));
    await Promise.race([done.catch(() => undefined), systemClock.sleep(endTimeout)]);
  };
}
