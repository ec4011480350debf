/** What the log hears of each rule, word for word, and how long each answer stands. */
import { describe, expect, it } from "vitest";
import { celsius } from "../../../src/base/units.ts";
import { toDurable } from "../../../src/control/to-durable.ts";
import { Session } from "./session.ts";

const property = "targetTemperature";

describe("the decision of", () => {
  it("RR-2 names no superseded: what was in force was nobody's word", () => {
    expect(new Session().connect(5, { targetTemperature: 21 }).decisions).toEqual([
      {
        rule: "RR-2",
        property,
        version: 5,
        winner: { source: "cloud", value: 21 },
        reason: "only the cloud changed",
      },
    ]);
  });

  it("RR-2 names the device's value that the hub had known", () => {
    const session = new Session();
    session.connect(5, {});
    session.press("b");
    session.tell();
    expect(session.patch(6, { targetTemperature: 21 }).decisions).toMatchObject([
      { rule: "RR-2", superseded: { source: "device", value: 19.5 }, reason: "only the cloud changed" },
    ]);
    expect(session.told(property)).toMatchObject({ ad: "set by the cloud" });
  });

  it("RR-3 says that the device alone has changed", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 21 });
    session.press("b");
    expect(session.connect(5, { targetTemperature: 21 }).decisions).toEqual([
      {
        rule: "RR-3",
        property,
        version: 5,
        winner: { source: "device", value: 21.5 },
        reason: "only the device changed",
      },
    ]);
    expect(session.connect(5, { targetTemperature: 21 }).decisions).toEqual([]);
  });

  it.each([
    ["cloud-wins", "both changed while offline; by policy the cloud wins"],
    ["device-wins", "both changed while offline; by policy the device wins"],
  ] as const)("RR-4 says why: %s", (conflictTargetTemperature, reason) => {
    const session = new Session({ conflictTargetTemperature });
    session.connect(5, { targetTemperature: 21 });
    session.press("b");
    const sides = [
      { source: "cloud", value: 25 },
      { source: "device", value: 21.5 },
    ];
    const [winner, superseded] = conflictTargetTemperature === "cloud-wins" ? sides : sides.toReversed();
    expect(session.connect(6, { targetTemperature: 25 }).decisions).toEqual([
      { rule: "RR-4", property, version: 6, winner, superseded, reason },
    ]);
  });

  it("RR-4 is none where both came to the same value", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 21 });
    session.press("b");
    expect(session.connect(6, { targetTemperature: 21.5 }).decisions).toEqual([
      {
        rule: "RR-2",
        property,
        version: 6,
        winner: { source: "cloud", value: 21.5 },
        reason: "only the cloud changed",
      },
    ]);
    expect(session.told(property)).toEqual({ value: 21.5, ac: 200, av: 6, ad: "set by the cloud" });
  });

  it.each([
    ["cloud-wins", "the cloud set the same value again after the device had changed it"],
    ["device-wins", "the cloud set the same value again; by policy the device wins"],
  ] as const)("RR-5 says why: %s", (conflictTargetTemperature, reason) => {
    const session = new Session({ conflictTargetTemperature });
    session.connect(5, { targetTemperature: 21 });
    session.press("b");
    session.tell();
    expect(session.connect(6, { targetTemperature: 21 }).decisions).toMatchObject([{ rule: "RR-5", reason }]);
  });

  it("RR-6 is heard once, however often the document moves on", () => {
    const session = new Session();
    expect(session.connect(3, { targetTemperature: 99 }).decisions).toEqual([
      {
        rule: "RR-6",
        property,
        version: 3,
        winner: { source: "default", value: 19 },
        reason: "must be 5 to 30 °C, not 99",
      },
    ]);
    expect(session.connect(4, { targetTemperature: 99, telemetryInterval: 30 }).decisions).toMatchObject([
      { rule: "RR-2", property: "telemetryInterval" },
    ]);
    expect(session.told(property)).toMatchObject({ ac: 400, av: 4 });
  });

  it("RR-6 counts the strangers that get no answer", () => {
    const names = Array.from({ length: 9 }, (_, n) => `other${n}`);
    const desired = Object.fromEntries([...names, "no-name"].map((name) => [name, 1]));
    expect(new Session().connect(3, desired).decisions).toEqual([
      {
        rule: "RR-6",
        property: names.slice(0, 8).join(", "),
        version: 3,
        reason: "this device has no such writable property (and 2 more that are not acknowledged)",
      },
    ]);
    expect(new Session().connect(3, { other: 1 }).decisions[0]?.reason).toBe(
      "this device has no such writable property",
    );
  });

  it("RR-7 says that the cloud took its value back", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 21 });
    expect(session.patch(6, { targetTemperature: null }).decisions).toEqual([
      {
        rule: "RR-7",
        property,
        version: 6,
        winner: { source: "default", value: 19 },
        reason: "the cloud deleted its value",
      },
    ]);
  });
});

describe("an answer stands until somebody changes the value after it:", () => {
  const own = { ac: 203, av: 0, ad: expect.stringMatching(/^set at the device at /) };
  const pressed = (session: Session) => {
    session.press("b");
    session.tell();
    return session.told(property);
  };

  it("a value of the cloud", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 21 });
    expect(pressed(session)).toEqual({ value: 21.5, ...own });
  });

  it("a deletion", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 21 });
    session.patch(6, { targetTemperature: null });
    expect(pressed(session)).toEqual({ value: 19.5, ...own });
  });

  it("a refusal", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: 99 });
    expect(pressed(session)).toEqual({ value: 19.5, ...own });
  });

  it("a value of the device that won", () => {
    const session = new Session({ conflictTargetTemperature: "device-wins" });
    session.connect(5, {});
    session.press("b");
    session.connect(6, { targetTemperature: 25 });
    expect(session.told(property)).toMatchObject({ ac: 203, av: 6 });
    expect(pressed(session)).toEqual({ value: 20, ...own });
  });
});

describe("what a message asks for:", () => {
  it("a patch of known properties with the hub's own marks asks for nothing more", () => {
    const session = new Session();
    session.connect(5, {});
    expect(session.patch(6, { targetTemperature: 21, $version: 6 }).getAgain).toBe(false);
    expect(session.patch(7, { targetTemperature: { a: 1 } }).getAgain).toBe(true);
    expect(session.patch(8, { other: 1 }).getAgain).toBe(true);
  });

  it("an older document on a new connection is asked for again before it is believed, and each is named", () => {
    const session = new Session();
    expect(session.connect(9, { targetTemperature: 22 })).not.toHaveProperty("problem");
    const behind = "the twin's desired version 2 is behind 9";
    expect(session.connect(2, { targetTemperature: 18 })).toMatchObject({
      requests: [],
      getAgain: true,
      problem: `${behind}: requested again`,
    });
    expect(session.get(2, { targetTemperature: 18 })).toMatchObject({
      getAgain: false,
      problem: `${behind} twice in a row: it was created again and is accepted`,
    });
  });

  it.each([0, -1, 1.5, "7", null, 2 ** 53])(
    "a document of version %j is none, and is asked for again",
    (version) => {
      const session = new Session();
      const outcome = session.connect(version as number, { targetTemperature: 22 });
      expect(outcome).toMatchObject({ requests: [], decisions: [], getAgain: true });
      expect(outcome.problem).toBe("the twin has no desired properties with a version");
      expect(session.reported).toEqual({});
    },
  );

  it("an object seen in part by a patch and in whole by the document is refused once", () => {
    const session = new Session();
    session.connect(5, { targetTemperature: { a: 1 } });
    expect(session.patch(6, { targetTemperature: { b: 2 } }).decisions).toMatchObject([{ rule: "RR-6" }]);
    expect(session.get(6, { targetTemperature: { a: 1, b: 2 } }).decisions).toEqual([]);
  });
});

describe("as the document moves on,", () => {
  it("an answer to what stands in it moves along, one to a deletion stays", () => {
    const session = new Session();
    session.connect(1, { targetTemperature: 21, telemetryInterval: 30, other: 1 });
    session.patch(2, { telemetryInterval: null });
    session.connect(3, { targetTemperature: 21, sensorOffset: 1, other: 1 });
    expect(session.told(property)).toMatchObject({ ac: 200, av: 3 });
    expect(session.told("telemetryInterval")).toMatchObject({ ac: 200, av: 2 });
    expect(session.told("other")).toMatchObject({ ac: 400, av: 3 });
  });

  it("a value that the settings have made room for is the cloud's own word, not a repeated one", () => {
    const session = new Session();
    session.connect(1, { sensorOffset: 1, targetTemperature: 31 });
    const roomier = new Session({ targetMax: celsius(32) });
    roomier.device.restart(1, JSON.parse(JSON.stringify(toDurable(session.device.state))));
    expect(roomier.connect(1, { sensorOffset: 1, targetTemperature: 31 }).decisions).toMatchObject([
      { rule: "RR-2", property, winner: { source: "cloud", value: 31 } },
    ]);
  });
});
