/** Gives the loop's recorder the folder that it writes to. */
import { hours } from "../../base/units.ts";
import { systemClock } from "../process/system-clock.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import type { DurableFiles } from "../storage/durable-files.ts";
import type { ReportRecorder } from "./recorder.ts";
import { ReportStore, reportsFolder } from "./report-store.ts";

const tidyEvery = hours(6);

/** Reports are written from now on, and those that are too old go, now and four times a day. */
export function keepReports(recorder: ReportRecorder, { path }: DataFolder, files: DurableFiles): void {
  const store = new ReportStore(reportsFolder(path), files, systemClock);
  recorder.keepIn(store);
  const tidy = (): void => {
    void store.tidy();
    systemClock.setTimer(tidyEvery, tidy);
  };
  tidy();
}
