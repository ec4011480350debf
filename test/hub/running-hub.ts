/** Hubs for tests: on free ports, in memory or in a folder that is gone afterwards. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Clock } from "../../src/base/clock.ts";
import type { Log, LogFields, LogLevel } from "../../src/base/log.ts";
import { wallMillis } from "../../src/base/units.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { type HubOptions, type RunningHub, startHub } from "../../src/hub/hub.ts";
import type { RecordedHistory, SeriesByName } from "../../src/hub/twin/recorded.ts";

export interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

export function recordingLog(lines: LogLine[]): Log {
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      lines.push({ level, event, fields });
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Runs as the system's, but shows another time of day. */
export const shiftedClock = (shiftMs: () => number): Clock => ({
  ...systemClock,
  wallNow: () => wallMillis(systemClock.wallNow() + shiftMs()),
});

/** A hub that is closed when the test is over. */
export async function testHub(options: Partial<HubOptions> = {}): Promise<RunningHub & { lines: LogLine[] }> {
  const lines: LogLine[] = [];
  const hub = await startHub({
    clock: systemClock,
    log: recordingLog(lines),
    mqttPort: 0,
    restPort: 0,
    pagePort: 0,
    ...options,
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= hub.close();
    return closing;
  };
  onTestFinished(close);
  return { ...hub, close, lines };
}

/** A history with these series, and no rows. */
export const recordedSeries = (deviceId: string, series: SeriesByName): RecordedHistory => ({
  deviceId,
  series: async () => series,
  days: async () => [],
  async *csv() {},
});

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hub-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Resolves when `condition` holds; rejects when it does not within a time that a loaded machine keeps too. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`did not come: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
