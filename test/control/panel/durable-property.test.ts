/** A property whose row says `durable: false`; today's rows are all durable. */
import { expect, it, vi } from "vitest";
import { wallMillis } from "../../../src/base/units.ts";
import { parseDurable } from "../../../src/control/durable.ts";
import { startPanel } from "../../../src/control/panel/panel.ts";
import { restoreValues } from "../../../src/control/panel/stored-values.ts";
import { toDurable } from "../../../src/control/to-durable.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { Device, wallStart } from "../device.ts";

vi.mock(import("../../../src/model/properties.ts"), async (original) => {
  const model = await original();
  return { ...model, isDurable: (name): name is never => name !== "telemetryInterval" };
});

it("is in no stored state, starts with its default, and its ruling is forgotten with it", () => {
  const device = new Device();
  device.run(10);
  device.request({ kind: "set", name: "telemetryInterval", value: 30, source: "local" });
  device.request({ kind: "set", name: "updateDeferral", value: 12, source: "local" });
  const stored = toDurable(device.state);
  expect(stored).toMatchObject({ updateDeferral: { value: 12 } });
  expect(stored).not.toHaveProperty("telemetryInterval");
  const ruled = { ruling: { kind: "applied", version: 3 } };
  const twin = { ...stored.twin, properties: { telemetryInterval: ruled, updateDeferral: ruled } };
  const entry = { value: 30, change: { source: "cloud", wallMs: wallStart, serial: 1 } };
  const read = parseDurable({ ...stored, twin, telemetryInterval: entry });
  expect(read?.twin?.properties).toEqual({ updateDeferral: ruled });
  expect(read).not.toHaveProperty("telemetryInterval");
  const fresh = startPanel(defaultSettings, wallMillis(wallStart));
  const values = restoreValues({ ...read, telemetryInterval: entry } as never, fresh, defaultSettings).values;
  expect(values).toMatchObject({ telemetryInterval: 60, updateDeferral: 12 });
});
