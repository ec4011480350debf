/**
 * What the guardian reports: how its loops ended, what it had to do, and that it was itself cut off the last time.
 *
 * Guarantee: nothing of this is loaded before the first loop is on its way, and nothing of it is waited for then. A
 * guardian that ends in order removes its mark; one that finds a mark says so: a power cut, a kill, a crash.
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

const mark = object({ boot: string(), firmware: string() });
const endLimit = seconds(1);

/** Never throws and never rejects. @returns what is to be called at an orderly end; resolves soon */
export async function startGuardianReports(
  recorder: ReportRecorder,
  dataPath: string,
  log: Log,
): Promise<() => Promise<void>> {
  const folder = reportsFolder(dataPath);
  const file = join(folder, "running");
  try {
    const files = gatedFiles(durableSystemFiles, dataPath, loadManifestWithoutHat());
    await makePrivateFolder(folder);
    recorder.keepIn(new ReportStore(folder, files, systemClock));
    const text = await files.read(file).catch(() => undefined);
    const boot = bootOfThisMachine(systemClock).id;
    if (text !== undefined) {
      const last = read(mark, readJson(text));
      const how = last?.boot === boot ? "the guardian was killed" : "the machine lost its power or restarted";
      log.warn("unclean-end", { how, firmware: last?.firmware });
    }
    await files.writeDurably(`${file}.new`, JSON.stringify({ boot, firmware: firmwareVersion() }));
    await files.rename(`${file}.new`, file);
    await files.syncFolder(folder);
  } catch (error) {
    log.debug("reports-not-kept", { cause: messageOf(error) });
  }
  return async () => {
    const done = recorder.flush().then(() => rm(file, { force: true }));
    await Promise.race([done.catch(() => undefined), systemClock.sleep(endLimit)]);
  };
}
