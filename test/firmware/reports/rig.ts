/** Reports as the tests make them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { hours, wallMillis } from "../../../src/base/units.ts";
import type { bootOfThisMachine } from "../../../src/firmware/process/system-clock.ts";
import type { ErrorReport } from "../../../src/firmware/reports/error-report.ts";
import { ReportStore } from "../../../src/firmware/reports/report-store.ts";
import { durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

export const noon = Date.UTC(2026, 11, 24, 12);
export const clockAt = (wall: number) => new VirtualClock({ wallStart: wallMillis(wall) });

const boots = new WeakMap<VirtualClock, ReturnType<typeof bootOfThisMachine>>();
/** The machine started an hour before the clock. */
export function bootOf(clock: VirtualClock) {
  const boot = boots.get(clock) ?? { id: "boot-1", clockZeroMs: hours(1) };
  boots.set(clock, boot);
  return boot;
}

export const storeIn = (folder: string, clock: VirtualClock, files = durableSystemFiles, limits = {}) =>
  new ReportStore(folder, files, clock, { limits, boot: bootOf(clock) });

export function aReport(clock: VirtualClock, more: Partial<ErrorReport> = {}): ErrorReport {
  const boot = bootOf(clock);
  return {
    kind: "crash",
    code: "crash",
    detail: "kind=exception",
    firmware: "1.0.0",
    uptimeSeconds: 12,
    boot: boot.id,
    upMs: Math.round(clock.now() + boot.clockZeroMs),
    wallMs: clock.wallNow(),
    heldBack: 0,
    events: [],
    ...more,
  };
}

export async function reportsPlace(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "reports-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "reports");
}
