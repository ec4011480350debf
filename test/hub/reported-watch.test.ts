/** Reading a device's reports as a person would. */
import { describe, expect, it } from "vitest";
import { type DeviceRecord, newDevice, sasAuthentication } from "../../src/hub/device-record.ts";
import type { JsonObject } from "../../src/hub/json-value.ts";
import { propertyRows, reportedEvents } from "../../src/hub/reported-watch.ts";
import { isRefused, patchHalf } from "../../src/hub/twin-document.ts";

function change(
  record: DeviceRecord,
  half: "desired" | "reported",
  patch: JsonObject,
  atMs: number,
): DeviceRecord {
  const next = patchHalf(record[half], patch, atMs);
  if (isRefused(next)) throw new Error(next.why);
  return { ...record, [half]: next };
}

const fresh = newDevice("heater-1", sasAuthentication(), 0);
const atFirst = change(
  fresh,
  "reported",
  { targetTemperature: { value: 19, ac: 203, av: 0, ad: "default" } },
  1000,
);
const edited = change(atFirst, "desired", { targetTemperature: 22 }, 2000);
const eventsOf = (before: DeviceRecord, patch: JsonObject, apart: string[] = []) =>
  reportedEvents(before, change(before, "reported", patch, 3000), patch, new Set(apart));
const standingAfter = (before: DeviceRecord, patch: JsonObject) =>
  propertyRows(change(before, "reported", patch, 3000)).find(({ name }) => name === "targetTemperature")
    ?.standing;

describe("a report", () => {
  it("tells that the desired value won over what the device had set while apart, and what was lost", () => {
    const patch = {
      targetTemperature: { value: 22, ac: 200, av: 2, ad: "set by the cloud" },
      lastChange: {
        property: "targetTemperature",
        source: "cloud",
        from: "20.5",
        to: "22",
        amount: 1.5,
        time: "",
      },
    };
    expect(eventsOf(edited, patch, ["targetTemperature"])[0]).toMatchObject({
      kind: "conflict",
      winner: "operator",
      lost: 20.5,
      before: 19,
      after: 22,
    });
    expect(standingAfter(edited, patch)).toBe("acknowledged");
  });

  it("tells a plain acknowledgement from a conflict: the device gave up nothing that the hub did not know", () => {
    const patch = {
      targetTemperature: { value: 22, ac: 200, av: 2, ad: "set by the cloud" },
      lastChange: {
        property: "targetTemperature",
        source: "cloud",
        from: "19",
        to: "22",
        amount: 3,
        time: "",
      },
    };
    expect(eventsOf(edited, patch, ["targetTemperature"])[0]).toMatchObject({
      kind: "acknowledged",
      version: 2,
    });
  });

  it("tells that the device's own won, and over what", () => {
    const patch = {
      targetTemperature: { value: 20, ac: 203, av: 2, ad: "device-wins: outranks the cloud's 22" },
    };
    expect(eventsOf(edited, patch)[0]).toMatchObject({ kind: "conflict", winner: "device", lost: 22 });
    expect(standingAfter(edited, patch)).toBe("overruled");
  });

  it("tells a press at the device, which answers no desired version, as the device's own", () => {
    const patch = { targetTemperature: { value: 20, ac: 203, av: 0, ad: "set at the device" } };
    expect(eventsOf(atFirst, patch)[0]).toMatchObject({ kind: "reported", before: 19, after: 20 });
    expect(standingAfter(edited, patch)).toBe("overruled");
  });

  it("leaves a desired value pending that is newer than the version acknowledged", () => {
    const patch = { targetTemperature: { value: 22, ac: 200, av: 2, ad: "" } };
    const again = change(edited, "desired", { targetTemperature: 23 }, 2500);
    expect(standingAfter(again, patch)).toBe("pending");
  });

  it("shows a refusal without a value, of a property that the device does not have", () => {
    const wanted = change(fresh, "desired", { colour: "red" }, 2000);
    const patch = { colour: { ac: 400, av: 2, ad: "this device has no such writable property" } };
    expect(eventsOf(wanted, patch)[0]).toMatchObject({ kind: "refused", property: "colour" });
    expect(propertyRows(change(wanted, "reported", patch, 3000))[0]).toMatchObject({ standing: "refused" });
  });

  it("takes names that objects are born with for what they are: names", () => {
    const patch = JSON.parse('{"constructor": 1, "__proto__": 2}') as JsonObject;
    expect(eventsOf(fresh, patch).map(({ before }) => before)).toEqual([undefined, undefined]);
    const rows = propertyRows(change(fresh, "reported", patch, 3000));
    expect(rows.map(({ standing }) => standing)).toEqual(["device-only", "device-only"]);
  });

  it("says nothing of what did not change", () => {
    expect(eventsOf(atFirst, { targetTemperature: { value: 19, ac: 203, av: 0, ad: "default" } })).toEqual(
      [],
    );
  });
});
