/** Which local time it is, and whether the clock can be trusted with it. */
import { describe, expect, it } from "vitest";
import { wallMillis } from "../../../src/base/units.ts";
import { localTimeOf } from "../../../src/firmware/local-time/local-time.ts";
import { ZoneClock } from "../../../src/firmware/local-time/zone-clock.ts";
import { parseSettings } from "../../../src/model/settings.ts";

const at = (utc: string) => wallMillis(Date.parse(utc));
const hour = 3_600_000;

describe("the time of a zone", () => {
  it.each([
    ["Europe/Berlin", "2027-03-27T12:00:00Z", 1, "2027-03-28T01:00:00.000Z", 2],
    ["Europe/Berlin", "2027-10-23T12:00:00Z", 2, "2027-10-31T01:00:00.000Z", 1],
    ["America/New_York", "2027-03-10T12:00:00Z", -5, "2027-03-14T07:00:00.000Z", -4],
    ["Australia/Lord_Howe", "2027-04-01T12:00:00Z", 11, "2027-04-03T15:00:00.000Z", 10.5],
  ])("%s at %s knows the next change", (zone, now, offset, change, then) => {
    const local = new ZoneClock(zone).at(at(now));
    expect(local.offset).toBe(offset * hour);
    expect(new Date(local.change?.atMs ?? 0).toISOString()).toBe(change);
    expect(local.change?.offset).toBe(then * hour);
  });

  it("follows a clock that goes on and one that is set back", () => {
    const zone = new ZoneClock("Europe/Berlin");
    expect(zone.at(at("2027-03-28T00:59:59Z")).offset).toBe(hour);
    expect(zone.at(at("2027-03-28T01:00:00Z"))).toEqual({ offset: 2 * hour, change: undefined });
    expect(zone.at(at("2027-03-28T00:59:59Z")).offset).toBe(hour);
    expect(zone.at(at("2027-01-01T00:00:00Z"))).toEqual({ offset: hour, change: undefined });
  });

  it("is a setting, and one that does not exist is refused", () => {
    expect(parseSettings({ timeZone: "Asia/Kathmandu" }).problems).toEqual([]);
    expect(parseSettings({ timeZone: "Europe/Atlantis" }).problems).toMatchObject([
      { key: "timeZone", allowed: "a time zone of the IANA database, such as Europe/Berlin, or auto" },
    ]);
  });
});

/** A machine with these files. */
function machine(files: Readonly<Record<string, string | undefined>>) {
  const held = { ...files };
  return {
    held,
    read: (path: string) => held[path],
    kind: (path: string) => (held[path] === undefined ? undefined : ("file" as const)),
  };
}

describe("the clock of a machine", () => {
  const now = at("2027-01-11T11:00:00Z");
  const folder = "/run/systemd/timesync";
  const chip = "/sys/class/rtc/rtc0/since_epoch";

  it("is trusted when a time server has answered, and from then on", () => {
    const files = machine({ [folder]: "" });
    const local = localTimeOf("UTC", files);
    expect(local(now)).toBeUndefined();
    files.held[`${folder}/synchronized`] = "";
    expect(local(wallMillis(now + 10_000))).toEqual({ offset: 0, change: undefined });
    files.held[`${folder}/synchronized`] = undefined;
    expect(local(wallMillis(now + 30_000))).toBeDefined();
  });

  it("is trusted with a clock chip that shows the same time, and not with another one", () => {
    const shows = (seconds: number) =>
      localTimeOf("UTC", machine({ [folder]: "", [chip]: `${seconds}\n` }))(now);
    expect(shows(now / 1000 - 59)).toBeDefined();
    expect(shows(now / 1000 - 61)).toBeUndefined();
    expect(shows(12)).toBeUndefined();
  });

  it("is trusted where chrony sets it, and where nothing can be asked", () => {
    expect(localTimeOf("UTC", machine({ [folder]: "", "/run/chrony/chronyd.pid": "1" }))(now)).toBeDefined();
    expect(localTimeOf("UTC", machine({}))(now)).toBeDefined();
  });

  it("is not trusted at an impossible time, whatever set it", () => {
    expect(localTimeOf("UTC", machine({}))(wallMillis(5000))).toBeUndefined();
  });
});
