import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DeviceQuery, deviceList, firstQuery } from "../../../src/hub/page/model/devices.ts";
import type { DeviceSummary } from "../../../src/hub/page-server/api.ts";
import { device, startMs } from "../../browser/fake-device.ts";

const devices: readonly DeviceSummary[] = [
  device("heater-10", { latest: { temperature: { value: 18, atMs: startMs } } }),
  device("heater-2", { connected: false, faults: ["sensor-stale"] }),
  device("attic", { latest: {}, pending: 2, refused: 1 }),
  device("Barn", {
    latest: { temperature: { value: 25, atMs: startMs } },
    faults: ["new-fault", "hot-room"],
  }),
];
const listOf = (query: Partial<DeviceQuery>, of = devices) =>
  deviceList(of, { ...firstQuery, ...query }, startMs);
const ids = (query: Partial<DeviceQuery>) => listOf(query).rows.map(({ id }) => id);

describe("the list of devices", () => {
  it("is in natural order", () => {
    expect(ids({})).toEqual(["attic", "Barn", "heater-2", "heater-10"]);
    expect(ids({ descending: true })).toEqual(["heater-10", "heater-2", "Barn", "attic"]);
  });

  it("sorts by number, and leaves what is unknown below in both directions", () => {
    expect(ids({ sort: "room" })).toEqual(["heater-10", "heater-2", "Barn", "attic"]);
    expect(ids({ sort: "room", descending: true })).toEqual(["Barn", "heater-2", "heater-10", "attic"]);
  });

  it("has what needs somebody first: most faults, open edits, those that are away", () => {
    expect(ids({ sort: "faults" }).slice(0, 2)).toEqual(["Barn", "heater-2"]);
    expect(ids({ sort: "edits" })[0]).toBe("attic");
    expect(ids({ sort: "state" })[0]).toBe("heater-2");
  });

  it.each([
    ["HEATER", ["heater-2", "heater-10"]],
    ["offline", ["heater-2"]],
    ["fault", ["Barn", "heater-2"]],
    ["no sensor", ["heater-2"]],
    ["hot-room", ["Barn"]],
    ["new-fault online", ["Barn"]],
    ["pending", ["attic"]],
    ["heating", ["heater-2"]],
    ["  ", ["attic", "Barn", "heater-2", "heater-10"]],
    ["undefined", []],
  ])("finds by %j", (search, found) => {
    expect(ids({ search })).toEqual(found);
  });

  it("filters, counts all devices, and says why a list is empty", () => {
    expect(listOf({}).counts).toEqual({ all: 4, online: 3, offline: 1, faults: 2, edits: 1 });
    expect(ids({ filter: "faults" })).toEqual(["Barn", "heater-2"]);
    expect(listOf({ filter: "edits", search: "barn " }).nothing).toBe(
      "No device matches “barn” among those with open edits.",
    );
    expect(listOf({ filter: "faults" }, [device("a")]).nothing).toBe("No device has a fault.");
    expect(listOf({}).summary).toBe("4 devices, 1 offline, 2 with faults, 1 with open edits");
    expect(listOf({}, [device("a")]).summary).toBe("1 device");
  });

  it("says in a row what the device is doing, and keeps quiet about what it does not know", () => {
    expect(listOf({ search: "barn" }).rows[0]).toMatchObject({
      state: { value: "Online", tone: "good" },
      faults: "new-fault, Hot room",
      room: "25.0 °C",
      heater: "",
      isAway: false,
    });
    expect(listOf({ search: "attic" }).rows[0]).toMatchObject({
      room: "",
      edits: "2 pending, 1 refused",
    });
  });

  it("does not depend on the order in which devices come", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...devices], { minLength: 4 }),
        fc.constantFrom("id", "state", "faults", "room", "heater", "edits" as const),
        fc.boolean(),
        (shuffled, sort, descending) => {
          const query = { ...firstQuery, sort, descending } as DeviceQuery;
          expect(deviceList(shuffled, query, startMs)).toEqual(deviceList(devices, query, startMs));
        },
      ),
    );
  });
});
