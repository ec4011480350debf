/** What hostile or broken peers can cause at will is logged once in a while. */
import { describe, expect, it } from "vitest";
import { minutes } from "../../src/base/units.ts";
import { OnceLog } from "../../src/hub/once-log.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { type LogLine, recordingLog } from "./running-hub.ts";

describe("a thing that strangers can cause", () => {
  it("is said once in ten minutes, each reason and each subject by itself", async () => {
    const clock = new VirtualClock();
    const lines: LogLine[] = [];
    const once = new OnceLog(recordingLog(lines), clock);
    expect(once.warn("e", "a", "r")).toBe(true);
    expect(once.warn("e", "a", "r")).toBe(false);
    expect(once.warn("e", "b", "r")).toBe(true);
    expect(once.warn("e", "a", "other")).toBe(true);
    await clock.advance(minutes(9.99));
    expect(once.warn("e", "a", "r")).toBe(false);
    await clock.advance(minutes(0.01));
    expect(once.warn("e", "a", "r")).toBe(true);
    expect(once.warn("e", "x".repeat(1000), "r")).toBe(true);
    expect(String(lines.at(-1)?.fields["subject"])).toHaveLength(128);
  });
});
