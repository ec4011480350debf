/** Reading a device's reports as a person would. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json/value.ts";
import { type DeviceRecord, newDevice, sasAuthentication } from "../../../src/hub/registry/record.ts";
import { isRefused, patchSection } from "../../../src/hub/twin/document.ts";
import { propertyRows, reportedEvents, unwrap } from "../../../src/hub/twin/reported-watch.ts";

function change(
  record: DeviceRecord,
  half: "desired" | "reported",
  patch: JsonObject,
  atMs: number,
): DeviceRecord {
  const next = patchSection(record[half], patch, atMs);
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
const eventsOf = (before: DeviceRecord, patch: JsonObject) =>
  reportedEvents(before, change(before, "reported", patch, 3000), patch);
const statusAfter = (before: DeviceRecord, patch: JsonObject) =>
  propertyRows(change(before, "reported", patch, 3000)).find(({ name }) => name === "targetTemperature")
    ?.status;

describe("a value that only looks like an acknowledgement", () => {
  it.each([{ ac: 5 }, { av: 5, value: 1 }, { ac: "200", av: 1, value: 1 }])(
    "is a value as any other: %j",
    (value) => {
      expect(unwrap(value)).toEqual({ value });
    },
  );
});

describe("the rows of a device's properties", () => {
  it("show what the device said of each, where it said anything, and both values with their times", () => {
    const patch = {
      targetTemperature: { value: 22, ac: 200, av: 2, ad: "set by the cloud" },
      firmware: "0.1.0",
    };
    const rows = propertyRows(change(edited, "reported", patch, 3000));
    expect(rows).toEqual([
      { name: "firmware", status: "device-only", reported: { value: "0.1.0", atMs: 3000 } },
      {
        name: "targetTemperature",
        status: "acknowledged",
        desired: { value: 22, version: 2, atMs: 2000 },
        reported: { value: 22, atMs: 3000 },
        ack: { code: 200, version: 2, text: "set by the cloud", origin: { source: "cloud" } },
      },
    ]);
  });

  it("show a property that the device has not reported without a value of it", () => {
    const asked = change(fresh, "desired", { controlMode: "auto" }, 2000);
    expect(propertyRows(asked)).toEqual([
      { name: "controlMode", status: "pending", desired: { value: "auto", version: 2, atMs: 2000 } },
    ]);
  });
});

describe("a report", () => {
  const wonOver = "won over 20.5, set at the device at 1970-01-01T00:00:01.500Z; set by the cloud";

  it("tells that the desired value won over what the device had set while offline: what was lost, whose and when", () => {
    const patch = { targetTemperature: { value: 22, ac: 200, av: 2, ad: wonOver } };
    expect(eventsOf(edited, patch)).toMatchObject([
      {
        kind: "conflict",
        winner: "operator",
        lost: 20.5,
        lostAtMs: 1500,
        before: 19,
        after: 22,
        version: 2,
        text: "both changed targetTemperature: the desired 22 won over the device's 20.5 of 1970-01-01T00:00:01.500Z",
      },
    ]);
    expect(statusAfter(edited, patch)).toBe("acknowledged");
  });

  it("tells each of several conflicts of one report", () => {
    const both = change(edited, "desired", { controlMode: "auto", sensorOffset: 1 }, 2500);
    const patch = {
      targetTemperature: { value: 22, ac: 200, av: 3, ad: wonOver },
      controlMode: {
        value: "manual",
        ac: 203,
        av: 3,
        ad: "won over auto, set by the cloud; set at the device",
      },
      sensorOffset: { value: 1, ac: 200, av: 3, ad: "set by the cloud" },
    };
    const events = eventsOf(both, patch);
    expect(events.map(({ kind, winner, lost }) => [kind, winner, lost])).toEqual([
      ["conflict", "operator", 20.5],
      ["conflict", "device", "auto"],
      ["acknowledged", undefined, undefined],
    ]);
    expect(events[1]?.text).toBe(
      "both changed controlMode: the device's manual won over the desired auto of 1970-01-01T00:00:02.500Z",
    );
  });

  it("tells who won against a deletion, on either side", () => {
    const deleted = change(edited, "desired", { targetTemperature: null }, 2500);
    const given = (ac: number, value: number, ad: string) =>
      eventsOf(deleted, { targetTemperature: { value, ac, av: 3, ad } })[0];
    expect(given(200, 19, wonOver.replace("set by the cloud", "default"))).toMatchObject({
      winner: "operator",
      deleted: true,
      lostAtMs: 1500,
      text: expect.stringContaining("the deletion (19 by default) won over the device's 20.5 of 1970"),
    });
    expect(given(203, 20.5, "won over 19, default; set at the device")).toMatchObject({
      winner: "device",
      deleted: true,
      lost: 19,
      text: "both changed targetTemperature: the device's 20.5 won over the deletion",
    });
  });

  it("tells a conflict once, however often the acknowledgement comes with another version", () => {
    for (const [value, ac, ad] of [
      [22, 200, wonOver],
      [20, 203, "won over 22, set by the cloud; set at the device"],
    ] as const) {
      const once = change(edited, "reported", { targetTemperature: { value, ac, av: 2, ad } }, 3000);
      const again = eventsOf(once, { targetTemperature: { value, ac, av: 3, ad } });
      expect(again).toMatchObject([{ kind: "acknowledged", version: 3 }]);
      expect(again[0]?.text).toBe(
        `the device ${ac === 200 ? "applied" : "keeps"} targetTemperature ${value}`,
      );
      expect(again[0]).not.toHaveProperty("lost");
    }
  });

  it("tells a second conflict of the same property, which lost another value", () => {
    const ack = { value: 22, ac: 200, av: 2, ad: wonOver };
    const once = change(edited, "reported", { targetTemperature: ack }, 3000);
    const other = { ...ack, av: 3, ad: wonOver.replace("20.5", "21") };
    expect(eventsOf(once, { targetTemperature: other })).toMatchObject([{ kind: "conflict", lost: 21 }]);
  });

  it("tells a plain acknowledgement from a conflict", () => {
    const patch = { targetTemperature: { value: 22, ac: 200, av: 2, ad: "set by the cloud" } };
    expect(eventsOf(edited, patch)).toMatchObject([
      { kind: "acknowledged", version: 2, text: "the device applied targetTemperature 22" },
    ]);
  });

  it("takes a value that was followed as nearly as can be for acknowledged", () => {
    const fine = change(atFirst, "desired", { targetTemperature: 21.123 }, 2000);
    const ad = "the nearest supported value; set by the cloud";
    const patch = { targetTemperature: { value: 21.12, ac: 200, av: 2, ad } };
    expect(eventsOf(fine, patch)).toMatchObject([
      {
        kind: "acknowledged",
        text: "the device applied targetTemperature 21.12, the nearest it supports to 21.123",
      },
    ]);
    expect(statusAfter(fine, patch)).toBe("acknowledged");
  });

  it("tells that a device of any make keeps its own, and over what", () => {
    const patch = { targetTemperature: { value: 20, ac: 203, av: 2, ad: "mine" } };
    expect(eventsOf(edited, patch)[0]).toMatchObject({ kind: "conflict", winner: "device", lost: 22 });
    expect(statusAfter(edited, patch)).toBe("overruled");
  });

  it("tells a press at the device, which answers no desired version, as the device's own", () => {
    const patch = { targetTemperature: { value: 20, ac: 203, av: 0, ad: "set at the device" } };
    expect(eventsOf(atFirst, patch)[0]).toMatchObject({ kind: "reported", before: 19, after: 20 });
    expect(statusAfter(edited, patch)).toBe("overruled");
  });

  it("leaves a desired value pending that is newer than the version acknowledged", () => {
    const patch = { targetTemperature: { value: 22, ac: 200, av: 2, ad: "" } };
    const again = change(edited, "desired", { targetTemperature: 23 }, 2500);
    expect(statusAfter(again, patch)).toBe("pending");
  });

  it("shows a refusal without a value, of a property that the device does not have", () => {
    const wanted = change(fresh, "desired", { colour: "red" }, 2000);
    const patch = { colour: { ac: 400, av: 2, ad: "this device has no such writable property" } };
    expect(eventsOf(wanted, patch)[0]).toMatchObject({ kind: "refused", property: "colour" });
    expect(propertyRows(change(wanted, "reported", patch, 3000))[0]).toMatchObject({ status: "refused" });
  });

  it("leaves a name pending that the device has not seen, and tells one that it saw and never answers", () => {
    const odd = change(edited, "desired", { colour: "red" }, 2500);
    const statusOfColour = (av: number) =>
      propertyRows(
        change(odd, "reported", { targetTemperature: { value: 22, ac: 200, av, ad: "" } }, 3000),
      ).find(({ name }) => name === "colour")?.status;
    expect(statusOfColour(2)).toBe("pending");
    expect(statusOfColour(3)).toBe("unanswered");
  });

  it("takes names that objects are born with for what they are: names", () => {
    const patch = JSON.parse('{"constructor": 1, "__proto__": 2}') as JsonObject;
    expect(eventsOf(fresh, patch).map(({ before }) => before)).toEqual([undefined, undefined]);
    const rows = propertyRows(change(fresh, "reported", patch, 3000));
    expect(rows.map(({ status }) => status)).toEqual(["device-only", "device-only"]);
  });

  it("says nothing of what did not change", () => {
    expect(eventsOf(atFirst, { targetTemperature: { value: 19, ac: 203, av: 0, ad: "default" } })).toEqual(
      [],
    );
  });
});
