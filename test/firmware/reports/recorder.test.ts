import { describe, expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { hours, millis, minutes, seconds } from "../../../src/base/units.ts";
import {
  type ErrorReport,
  encodeReport,
  maxReportBytes,
} from "../../../src/firmware/reports/error-report.ts";
import { ReportRecorder } from "../../../src/firmware/reports/recorder.ts";
import type { ReportStore } from "../../../src/firmware/reports/report-store.ts";
import { aReport, clockAt, noon } from "./rig.ts";

function rig() {
  const clock = clockAt(noon);
  const boot = { id: "boot", clockZeroMs: millis(60_000) };
  const recorder = new ReportRecorder({ clock, boot, firmware: "1.2.3" });
  const kept: ErrorReport[] = [];
  const store = { add: async (report: ErrorReport) => void kept.push(report) } as unknown as ReportStore;
  return { clock, recorder, kept, store, log: recorder.watch(silentLog) };
}

describe("what was logged", () => {
  it("of a crash, an unclean end, an intervention of the guardian and a fault makes a report, and nothing else does", async () => {
    const { log, recorder, kept, store } = rig();
    recorder.keepIn(store);
    log.info("board", { board: "virtual" });
    log.error("crash", { kind: "exception", detail: "Error: no\n    at step (loop.js:1:2)" });
    log.error("loop-lost", { reason: "signal SIGKILL" });
    log.error("loop-silent", { forSeconds: 9.5 });
    log.warn("fault-raised", { fault: "sensor-stale", detail: "nack", remedy: "Check the cable." });
    log.info("fault-ended", { fault: "sensor-stale" });
    log.error("anything-else");
    await recorder.flush();
    expect(kept.map(({ kind, code }) => `${kind} ${code}`)).toEqual([
      "crash crash",
      "unclean-end loop-lost",
      "guardian loop-silent",
      "fault sensor-stale",
    ]);
    expect(kept[0]?.detail).toContain("at step (loop.js:1:2)");
    expect(kept[3]?.detail).not.toContain("Check the cable");
  });

  it("is in the report with its time: the last events, oldest first", async () => {
    const { clock, log, recorder, kept, store } = rig();
    recorder.keepIn(store);
    for (let n = 0; n < 100; n += 1) {
      log.debug("step", { n });
      await clock.advance(seconds(1));
    }
    log.error("crash");
    await recorder.flush();
    const { events = [], upMs, uptimeSeconds, firmware, wallMs } = kept[0] ?? {};
    expect(events).toHaveLength(24);
    expect(events.at(-1)).toEqual({ upMs: 159_000, level: "debug", event: "step", text: "n=99" });
    expect([upMs, uptimeSeconds, firmware, wallMs]).toEqual([160_000, 100, "1.2.3", noon + 100_000]);
  });

  it("holds no secret, whatever an error said", async () => {
    const { log, recorder, kept, store } = rig();
    recorder.keepIn(store);
    log.warn("cloud-offline", { detail: "HostName=h;DeviceId=d;SharedAccessKey=c2VjcmV0c2VjcmV0" });
    log.error("crash", {
      detail: "bad token SharedAccessSignature sr=h&sig=abc%3D&se=1 and password=hunter2",
    });
    await recorder.flush();
    expect(JSON.stringify(kept)).not.toMatch(/c2VjcmV0|abc%3D|hunter2/);
  });

  it("of a repeated fault makes three reports an hour, and the next says how many were held back", async () => {
    const { clock, log, recorder, kept, store } = rig();
    recorder.keepIn(store);
    for (let n = 0; n < 50; n += 1) {
      log.warn("fault-raised", { fault: "display-failed" });
      await clock.advance(minutes(1));
    }
    await clock.advance(hours(1));
    log.warn("fault-raised", { fault: "display-failed" });
    await recorder.flush();
    expect(kept.map(({ heldBack }) => heldBack)).toEqual([0, 0, 0, 47]);
  });

  it("before there is a store waits for it, and a disk that refuses ends nothing", async () => {
    const { log, recorder, kept, store } = rig();
    for (let n = 0; n < 30; n += 1) log.warn("fault-raised", { fault: `f${n}` });
    recorder.keepIn(store);
    await recorder.flush();
    expect(kept).toHaveLength(10);
    const refuses = { add: () => Promise.reject(new Error("EROFS")) } as unknown as ReportStore;
    recorder.keepIn(refuses);
    log.error("crash");
    await recorder.flush();
    recorder.keepIn(store);
    log.error("loop-lost");
    await recorder.flush();
    expect(kept.at(-1)?.code).toBe("loop-lost");
  });
});

it("a report is at most 4 KB: the oldest events go first", () => {
  const event = { upMs: 1, level: "info", event: "e", text: "ä".repeat(160) } as const;
  const events = Array.from({ length: 24 }, (_, upMs) => ({ ...event, upMs }));
  const text = encodeReport(aReport(clockAt(noon), { events }));
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxReportBytes);
  const { events: left } = JSON.parse(text);
  expect(left.length).toBeGreaterThan(5);
  expect(left.at(-1).upMs).toBe(23);
});
