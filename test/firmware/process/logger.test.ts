import { describe, expect, it } from "vitest";
import { minutes } from "../../../src/base/units.ts";
import { createLogger } from "../../../src/firmware/process/logger.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

describe("the log", () => {
  const events = (event: string, times: number) => {
    const clock = new VirtualClock();
    const lines: { event: string; repeats?: number }[] = [];
    const write = (line: string) => void lines.push(JSON.parse(line));
    const log = createLogger({ clock, level: "info", format: "json", write });
    for (let count = 0; count < times; count++) log.info(event, { to: count });
    return { clock, log, lines };
  };

  it("writes a storm of one kind five times a minute, and then how many were kept back", async () => {
    const { clock, log, lines } = events("i2c-error", 100);
    expect(lines).toHaveLength(5);
    await clock.advance(minutes(1));
    log.info("i2c-error");
    expect(lines.at(-1)).toMatchObject({ repeats: 95 });
  });

  it("writes each of a person's edits, as fast as a finger is, and bounds those too", () => {
    expect(events("target", 40).lines).toHaveLength(40);
    expect(events("twin-decision", 1000).lines).toHaveLength(60);
  });

  it("writes the heater's coming and going four times an hour, whatever the demand, and counts the others", async () => {
    const { clock, log, lines } = events("none", 0);
    for (let cycle = 0; cycle < 13; cycle += 1) {
      log.info("heater", { on: cycle % 2 === 0, reason: `demand ${cycle} %` });
      await clock.advance(minutes(4));
    }
    expect(lines).toHaveLength(4);
    await clock.advance(minutes(8));
    log.info("heater", { on: true, reason: "demand 50 %" });
    expect(lines.at(-1)).toMatchObject({ event: "heater", repeats: 9 });
  });
});
