/** What the log and the firmware hear of the link. */
import { expect, it } from "vitest";
import { cause, type Peer } from "../../../src/azure/link/cause.ts";
import { LinkStatusReporter } from "../../../src/azure/link/status-reporter.ts";
import { minutes } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { Recorder } from "../rig.ts";

const hub: Peer = { host: "hub.example:1883", role: "the hub" };
const refused = cause("key-refused", hub, "CONNACK 5");
const warnings = (seen: Recorder) => seen.lines.filter((line) => line.startsWith("warn"));

it("is a cause once, however many attempts end by it, and then a reminder every hour", async () => {
  const seen = new Recorder();
  const clock = new VirtualClock();
  const news = new LinkStatusReporter({ log: seen.log, handlers: seen.handlers, clock });
  news.report("connecting");
  for (let attempt = 0; attempt < 25; attempt++) {
    news.report("offline", refused, 300_000);
    await clock.advance(minutes(5));
  }
  expect(seen.links).toHaveLength(2);
  expect(warnings(seen)).toHaveLength(3);
  expect(warnings(seen)[2]).toContain('"attempts":25');
});

it("is each change of the cause, and the link when it is back, without a word about how it was", () => {
  const seen = new Recorder();
  const news = new LinkStatusReporter({ log: seen.log, handlers: seen.handlers, clock: new VirtualClock() });
  for (const code of ["timeout", "timeout", "host-not-found", "timeout"] as const) {
    news.report("offline", cause(code, hub));
  }
  news.report("online");
  news.report("offline", cause("timeout", hub));
  expect(seen.links.map(({ state, code }) => code ?? state)).toEqual([
    "timeout",
    "host-not-found",
    "timeout",
    "online",
    "timeout",
  ]);
  expect(warnings(seen)).toHaveLength(4);
});

it("has a next step in it, for every cause that a person can fix", () => {
  expect(refused.text).toContain("grove-heater credentials check");
  expect(cause("key-refused", { host: "dps", role: "DPS" }).text).toContain("id scope");
  expect(cause("host-not-granted", hub).text).toContain('Add "hub.example" to "AllowedConnections"');
  expect(cause("host-unreachable", hub).text).toContain("port 1883");
  expect(cause("untrusted-ca", hub).text).toContain("caFile");
  expect(cause("clock-wrong", hub).text).toContain("NTP");
});
