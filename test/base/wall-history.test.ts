/** When the clock's offset is worth a note, and what an entry's time is then. */
import { expect, it } from "vitest";
import { millis, seconds, wallMillis } from "../../src/base/units.ts";
import { type Boot, WallHistory } from "../../src/base/wall-history.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";

const floor = wallMillis(Date.UTC(2025, 0));
const noon = Date.UTC(2026, 5, 1, 12);
const boot: Boot = { id: "boot-1", clockZeroMs: millis(0) };
const historyAt = (wall: number) => {
  const clock = new VirtualClock({ wallStart: wallMillis(wall) });
  return { clock, history: new WallHistory(clock, boot, floor) };
};

it("is worth a note once, and again only when somebody sets the clock: each note wears the card", async () => {
  const { clock, history } = historyAt(noon);
  expect(history.checkClock()).toBe(true);
  await clock.advance(seconds(600));
  expect(history.checkClock()).toBe(false);
  clock.jumpWallTo(wallMillis(noon + 600_000 + 4000));
  expect(history.checkClock()).toBe(false);
  clock.jumpWallTo(wallMillis(noon + 3_600_000));
  expect(history.checkClock()).toBe(true);
  expect(history.checkClock()).toBe(false);
});

it("is never noted of a clock before the floor, which was never right", () => {
  const { history } = historyAt(1000);
  expect(history.checkClock()).toBe(false);
  expect(history.offsets).toEqual({});
  expect(history.timeOf(history.stamp())).toBeUndefined();
});

it("keeps the offsets of the newest 32 boots, and what this process saw itself over what was stored", () => {
  const { history } = historyAt(noon);
  const stored = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`old-${n}`, n]));
  history.restore({ ...stored, "boot-1": 1 });
  history.checkClock();
  const boots = Object.keys(history.offsets);
  expect(boots).toHaveLength(32);
  expect(boots[0]).toBe("old-9");
  expect(history.offsets["boot-1"]).toBe(noon);
  history.restore({ "boot-1": 1 });
  expect(history.offsets["boot-1"]).toBe(noon);
});
