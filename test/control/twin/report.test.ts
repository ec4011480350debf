/** What goes to the hub, when, and what it is taken to hold. */
import { describe, expect, it } from "vitest";
import {
  afterReport,
  lastChange,
  nextReport,
  startLink,
  takeDocument,
} from "../../../src/control/twin/twin.ts";
import { Session } from "./session.ts";

describe("the report", () => {
  it("carries other sections whole, drops what is gone, and leaves alone what is unknown now", () => {
    const session = new Session();
    const deviceInformation = { __t: "c", model: "1", gone: 2 };
    const reported = { old: 1, lastChange: { property: "x" }, faults: "", deviceInformation };
    const document = { desired: { $version: 1 }, reported };
    session.link = takeDocument(startLink, session.picture, document).link;
    const sections = {
      deviceInformation: { __t: "c", model: "2" },
      faults: "",
      boostUntil: null,
      lastChange: undefined,
      targetTemperature: "no section may take this name",
    };
    const report = session.tell(sections);
    expect(report?.["deviceInformation"]).toEqual({ __t: "c", model: "2", gone: null });
    expect(report?.["old"]).toBeNull();
    expect(report?.["targetTemperature"]).toMatchObject({ value: 19, ac: 203 });
    for (const name of ["faults", "boostUntil", "lastChange"]) expect(report).not.toHaveProperty(name);
    expect(session.tell(sections)).toBeUndefined();
  });

  it("waits for the answer before it says more, and for a document after a failure", () => {
    const session = new Session();
    const { link } = takeDocument(startLink, session.picture, { desired: { $version: 1 } });
    const first = nextReport(link, session.picture, {});
    expect(first.report).toBeDefined();
    session.press("b");
    expect(nextReport(first.link, session.picture, {}).report).toBeUndefined();
    const failed = afterReport(first.link, first.report ?? {}, "failed");
    expect(failed.getAgain).toBe(true);
    expect(nextReport(failed.link, session.picture, {}).report).toBeUndefined();
    expect(afterReport(failed.link, first.report ?? {}, "ok")).toEqual({
      link: failed.link,
      getAgain: false,
    });
  });

  it("takes no answer to an earlier connection's report for its own", () => {
    const session = new Session();
    const { link } = takeDocument(startLink, session.picture, { desired: { $version: 1 } });
    const [earlier, later] = [nextReport(link, session.picture, {}), nextReport(link, session.picture, {})];
    expect(afterReport(later.link, earlier.report ?? {}, "ok").link).toBe(later.link);
    expect(afterReport(later.link, later.report ?? {}, "ok").link.known).toHaveProperty("controlMode");
  });

  it("tells who changed what last, by how much and when", () => {
    const session = new Session();
    expect(lastChange(session.picture)).toBeNull();
    session.connect(1, { targetTemperature: 22 });
    session.press("b");
    expect(lastChange(session.picture)).toMatchObject({
      property: "targetTemperature",
      source: "device",
      from: "22",
      to: "22.5",
      amount: 0.5,
    });
    session.patch(2, { controlMode: "manual" });
    expect(lastChange(session.picture)).toMatchObject({ from: "auto", to: "manual", amount: 0 });
  });
});
