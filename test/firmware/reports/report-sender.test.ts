import { describe, expect, it } from "vitest";
import type { TelemetryMessage } from "../../../src/azure/link/link.ts";
import { silentLog } from "../../../src/base/log.ts";
import { millis, minutes, seconds } from "../../../src/base/units.ts";
import { ReportSender } from "../../../src/firmware/reports/report-sender.ts";
import type { KeptReport } from "../../../src/firmware/reports/report-store.ts";
import { telemetry, validateValue } from "../../../src/model/cloud-model.ts";
import { aReport, clockAt, noon } from "./rig.ts";

function rig(count: number) {
  const clock = clockAt(noon);
  const add = (number: number): KeptReport => ({
    number,
    name: `${String(number).padStart(8, "0")}-0000000a.json`,
    sent: false,
    report: aReport(clock, { events: [{ upMs: 0, level: "info", event: "board", text: "board=virtual" }] }),
    atMs: noon,
  });
  let kept = Array.from({ length: count }, (_, n) => add(n + 1));
  const sent: TelemetryMessage[] = [];
  const state = { answer: "ok" as "ok" | "failed", marks: true };
  const store = {
    list: async () => kept,
    markSent: async ({ name }: KeptReport) => {
      if (!state.marks) throw new Error("EROFS");
      kept = kept.map((each) => (each.name === name ? { ...each, sent: true } : each));
    },
  };
  const send = async (message: TelemetryMessage) => {
    await clock.sleep(millis(40));
    sent.push(message);
    return state.answer;
  };
  const sender = new ReportSender({ store, send, clock, log: silentLog });
  return { clock, sender, sent, state, add: () => (kept = [...kept, add(kept.length + 1)]) };
}

const ids = (sent: readonly TelemetryMessage[]) => sent.map(({ messageId }) => messageId);

describe("error reports", () => {
  it("are sent when the link is there, oldest first, each once", async () => {
    const { clock, sender, sent, add } = rig(3);
    await clock.advance(minutes(5));
    expect(sent).toEqual([]);
    sender.setOnline(true);
    await clock.advance(minutes(5));
    expect(ids(sent)).toEqual([1, 2, 3].map((n) => `report-0000000${n}-0000000a`));
    add();
    await clock.advance(seconds(61));
    expect(sent).toHaveLength(4);
    sender.setOnline(false);
    sender.setOnline(true);
    await clock.advance(minutes(5));
    expect(sent).toHaveLength(4);
    sender.setOnline(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it("that were not acknowledged are sent again with the same id, and those behind them wait", async () => {
    const { clock, sender, sent, state } = rig(2);
    state.answer = "failed";
    sender.setOnline(true);
    await clock.advance(seconds(70));
    expect(ids(sent)).toEqual(["report-00000001-0000000a", "report-00000001-0000000a"]);
    state.answer = "ok";
    await clock.advance(seconds(120));
    expect(new Set(ids(sent)).size).toBe(2);
  });

  it("on a disk that takes no mark come again with the same id, once a minute and no faster", async () => {
    const { clock, sender, sent, state } = rig(2);
    state.marks = false;
    sender.setOnline(true);
    await clock.advance(minutes(3));
    expect(sent.length).toBeGreaterThanOrEqual(3);
    expect(sent.length).toBeLessThanOrEqual(4);
    expect(new Set(ids(sent)).size).toBe(1);
  });

  it("are messages of the model, with their time", async () => {
    const { clock, sender, sent } = rig(1);
    sender.setOnline(true);
    await clock.advance(seconds(1));
    const { errorReport } = JSON.parse(sent[0]?.body ?? "{}");
    expect(validateValue(telemetry.errorReport.schema, errorReport)).toBeUndefined();
    expect(errorReport).toMatchObject({ kind: "crash", at: "2026-12-24T12:00:00.000Z", clockTrusted: true });
    expect(errorReport.events).toMatch(/^-\d+\.\ds info board board=virtual$/);
    expect(sent[0]?.createdMs).toBe(noon);
  });
});
