import { expect, it } from "vitest";
import { offlineDevices } from "../../../src/firmware/hub-process/hub-alerts.ts";

it("a hub misses devices that were connected and are away, not those that never came or were disabled", () => {
  const devices = [
    { id: "here", enabled: true, connectionChangedMs: 1 },
    { id: "away", enabled: true, connectionChangedMs: 1 },
    { id: "logging-in", enabled: true, connectionChangedMs: 1 },
    { id: "new", enabled: true, connectionChangedMs: null },
    { id: "disabled", enabled: false, connectionChangedMs: 1 },
  ];
  const links = new Map([
    ["here", { ready: true }],
    ["logging-in", { ready: false }],
  ]);
  const core = { devices: { all: () => devices }, links } as unknown as Parameters<typeof offlineDevices>[0];
  const away = offlineDevices(core, { offlineMinutes: 7 });
  expect(away.map(({ title }) => title)).toEqual(["away OFFLINE", "logging-in OFFLINE"]);
  expect(away[0]?.after).toBe(7 * 60_000);
});
