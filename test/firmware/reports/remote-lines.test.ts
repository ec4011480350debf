import { describe, expect, it } from "vitest";
import { type Log, silentLog } from "../../../src/base/log.ts";
import { minutes, seconds } from "../../../src/base/units.ts";
import { RemoteLines } from "../../../src/firmware/reports/remote-lines.ts";
import { Verbosity } from "../../../src/firmware/reports/verbosity.ts";
import { type LogLine, recordingLog } from "../../hub/running-hub.ts";
import { clockAt, noon } from "./rig.ts";

function rig() {
  const clock = clockAt(noon);
  const lines = new RemoteLines(clock);
  const sent: string[] = [];
  lines.sendTo((text) => sent.push(text));
  const written: LogLine[] = [];
  return { clock, lines, sent, written, log: lines.watch(recordingLog(written)) };
}

describe("remote logs", () => {
  it("send nothing until they are asked for, then every level, and end by themselves", async () => {
    const { clock, lines, sent, log, written } = rig();
    log.error("before");
    await clock.advance(minutes(1));
    expect(sent).toEqual([]);
    lines.start(2);
    log.debug("fine", { n: 1 });
    log.info("coarse");
    await clock.advance(seconds(5));
    expect(sent.join("\n")).toMatch(/debug fine n=1\n.* info coarse$/);
    await clock.advance(minutes(2));
    log.error("after");
    await clock.advance(minutes(1));
    expect(sent.join("\n")).not.toContain("after");
    expect(clock.pendingTimers).toBe(0);
    // The log itself is as it was.
    expect(written.map(({ event }) => event)).toEqual(["before", "fine", "coarse", "after"]);
  });

  it("are bounded in rate and in size, and say how many lines were left out", async () => {
    const { clock, lines, sent, log } = rig();
    lines.start(60);
    for (let second = 0; second < 60; second += 1) {
      for (let n = 0; n < 100; n += 1) log.debug("storm", { n, text: "x".repeat(5000) });
      await clock.advance(seconds(1));
    }
    await clock.advance(seconds(10));
    const text = sent.join("\n");
    expect(text.length).toBeLessThan(100_000);
    for (const batch of sent) expect(batch.length).toBeLessThan(32 * 1024);
    const leftOut = [...text.matchAll(/^(\d+) lines were left out$/gm)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
    const told = [...text.matchAll(/ debug storm /g)].length;
    expect(told + leftOut).toBe(6000);
  });

  it("end at once when 0 minutes are asked for, and hold no secret", async () => {
    const { clock, lines, sent, log } = rig();
    lines.start(10);
    log.warn("cloud-offline", { detail: "SharedAccessKey=c2VjcmV0" });
    lines.start(0);
    log.warn("later");
    await clock.advance(seconds(10));
    expect(sent.join("\n")).toContain("cloud-offline");
    expect(sent.join("\n")).not.toMatch(/c2VjcmV0|later/);
  });
});

it("the cloud process logs in detail for the requested time, and then as before", async () => {
  const clock = clockAt(noon);
  const lines: LogLine[] = [];
  const usual: Log = { ...recordingLog(lines), debug: silentLog.debug };
  const verbosity = new Verbosity(clock);
  const log = verbosity.log(usual, recordingLog(lines));
  log.debug("a");
  verbosity.raise(5);
  log.debug("b");
  await clock.advance(minutes(5));
  log.debug("c");
  log.info("d");
  expect(lines.map(({ event }) => event)).toEqual(["b", "d"]);
});
