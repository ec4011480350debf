/**
 * SR-11: every fault, from what really causes it to where people look: the screen, the twin and the page. The table of
 * causes has a row for every fault.
 */
import { describe, expect, it } from "vitest";
import { type Millis, minutes, seconds } from "../../../src/base/units.ts";
import { layout16x2 } from "../../../src/board/screen/layout-16x2.ts";
import type { Observation } from "../../../src/firmware/device.ts";
import { tileViews } from "../../../src/hub/page/model/tiles.ts";
import { newestOf } from "../../../src/hub/page/model/timeline.ts";
import { propertyRows } from "../../../src/hub/twin/reported-watch.ts";
import { type FaultCode, faultEffects } from "../../../src/model/faults.ts";
import { device } from "../../browser/fake-device.ts";
import { events } from "../../hub/page/events.ts";
import type { CloudRig } from "../cloud-process/rig.ts";
import { causesByFault, clearFaults } from "./causes.ts";

const reported = ({ hub }: CloudRig): readonly string[] =>
  String(hub.record.reported.properties["faults"]).split(", ");

const standsEverywhere = (rig: CloudRig, code: FaultCode): boolean =>
  rig.device.activeFaults.includes(code) && reported(rig).includes(code);
const isOver = (rig: CloudRig, code: FaultCode): boolean =>
  !rig.device.activeFaults.includes(code) && !reported(rig).includes(code);

async function until(rig: CloudRig, what: string, limit: Millis, holds: () => boolean): Promise<void> {
  const end = rig.clock.now() + limit;
  while (!holds()) {
    if (rig.clock.now() >= end) throw new Error(`${what}: not within ${limit / 60_000} min`);
    await rig.clock.advance(seconds(5));
  }
}

async function nextStep(rig: CloudRig): Promise<Observation> {
  let latest: Observation | undefined;
  rig.device.watch((observation) => {
    latest = observation;
  });
  await rig.clock.advance(seconds(2));
  if (latest === undefined) throw new Error("no step in two seconds");
  return latest;
}

/** What the glass shows in the turns of its second line. */
async function glass({ hat, clock }: CloudRig): Promise<readonly string[]> {
  const seen = new Set<string>();
  for (let turn = 0; turn < 8; turn += 1) {
    seen.add(hat.lcd?.text[1] ?? "");
    await clock.advance(seconds(2));
  }
  return [...seen];
}

/** The page's tile, and the newest that its timeline tells of faults. */
function page({ hub }: CloudRig) {
  const detail = device("rig", { properties: [...propertyRows(hub.record)] });
  const told = events(...hub.timeline.filter(({ property }) => property === "faults"));
  return { tile: tileViews(detail, 0).faults, told: newestOf(told, 1).views[0]?.title };
}

/** @param code stands, as the most severe */
async function expectSeen(rig: CloudRig, code: FaultCode): Promise<void> {
  const { short } = faultEffects[code];
  const { commands, activeFaults } = await nextStep(rig);
  const { screen } = commands;
  expect(screen.fault).toBe(code);
  // Where the display fails, alone or with the bus, there is only what it would show.
  const dark = activeFaults.includes("display-failed");
  const lines = dark ? [layout16x2(screen, 0)[1]] : await glass(rig);
  const line = screen.faultCount > 1 ? `!${short}`.slice(0, 14) : `!${short}`;
  expect(lines.map((text) => text.slice(0, line.length))).toContain(line);
  expect(reported(rig)[0]).toBe(code);
  const { tile, told } = page(rig);
  const words = short.charAt(0) + short.slice(1).toLowerCase();
  expect(words).toMatch(/^[A-Z][a-z]+( [a-z]+)*$/);
  expect(tile).toMatchObject({ value: words, tone: "bad" });
  expect(told).toContain(words);
}

describe("SR-11: a fault is seen on the screen, in the twin and on the page, from its cause to its end", () => {
  it.each(causesByFault)("%s: %s", { timeout: 120_000 }, async (code, _, cause) => {
    const { rig, begin, end, restart } = await cause.prepare();
    const { within = minutes(2), overWithin = minutes(2) } = cause;
    await begin();
    await until(rig, code, within, () => standsEverywhere(rig, code));
    await expectSeen(rig, code);
    end();
    const after = (await restart?.()) ?? rig;
    if (faultEffects[code].latched) {
      await rig.clock.advance(overWithin);
      expect(standsEverywhere(rig, code)).toBe(true);
      await clearFaults(rig);
    }
    await until(after, `the end of ${code}`, overWithin, () => isOver(after, code));
    if (after.device.activeFaults.length === 0) expect(page(after).tile).toMatchObject({ tone: "good" });
  });
});
