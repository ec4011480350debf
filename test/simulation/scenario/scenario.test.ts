import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { celsius, hours, millis, minutes, relativeHumidity, seconds } from "../../../src/base/units.ts";
import type { Request } from "../../../src/control/input.ts";
import { playScenario, unmet } from "../../../src/simulation/scenario/play.ts";
import { parseScenario, surroundingsOf } from "../../../src/simulation/scenario/scenario.ts";
import { scenarioNames, scenarioText } from "../../../src/simulation/scenario/scenarios.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { VirtualHat } from "../../../src/simulation/virtual-hat/virtual-hat.ts";
import { virtualWiring } from "../virtual-hat/test-hat.ts";

const smallest = { about: "Nothing happens.", hours: 1 };
const parse = (document: object) => parseScenario(JSON.stringify(document));
const withAction = (action: object) => parse({ ...smallest, timeline: [{ at: "0:10", ...action }] });
function problems(result: ReturnType<typeof parseScenario>): readonly string[] {
  return result.ok ? [] : result.problems;
}
function good(document: object) {
  const result = parse(document);
  if (!result.ok) throw new Error(result.problems.join("\n"));
  return result.scenario;
}

describe("a scenario file", () => {
  it("needs little: a sentence and its length", () => {
    expect(good(smallest)).toMatchObject({
      room: "living",
      start: { temperature: 19, humidity: 45, timeOfDay: 0 },
      outside: { mean: 0, swing: 0 },
      duration: hours(1),
      seed: 1,
      display: "oled-128x128",
      timeline: [],
    });
  });

  it("reads times as hours, minutes and seconds, and sorts the timeline by them", () => {
    const scenario = good({
      ...smallest,
      start: { timeOfDay: "22:30" },
      timeline: [
        { at: "26:00", do: "window", loss: 40, for: "0:15" },
        { at: "0:00:05", do: "press", button: "mode", hold: "0:00:02" },
      ],
    });
    expect(scenario.start.timeOfDay).toBe(hours(22.5));
    expect(scenario.timeline).toEqual([
      {
        at: seconds(5),
        every: undefined,
        action: { do: "press", button: "mode", times: 1, hold: seconds(2) },
      },
      {
        at: hours(26),
        every: undefined,
        action: { do: "window", loss: 40, duration: minutes(15) },
      },
    ]);
  });

  it("takes settings over from the settings file's rules", () => {
    expect(good({ ...smallest, settings: { law: "hysteresis" } }).settings.law).toBe("hysteresis");
  });

  it.each([
    [{ about: "x" }, 'is missing "hours"'],
    [{ ...smallest, hours: -1 }, "hours must be a number from 0.01 to 2400"],
    [{ ...smallest, rom: "living" }, 'did you mean "room"?'],
    [{ ...smallest, room: "cellar" }, 'room must be "living" or'],
    [{ ...smallest, start: { temperature: 99 } }, "start.temperature must be a number from -30 to 50"],
    [{ ...smallest, start: { timeOfDay: "25" } }, 'must be a time such as "7:30"'],
    [{ ...smallest, display: "crt" }, "display must be"],
    [{ ...smallest, settings: { targetStep: 7 } }, "settings.targetStep"],
    [{ ...smallest, settings: { targetMin: 20, targetMax: 10 } }, "contradict each other"],
    [{ ...smallest, settings: [] }, "settings must be an object"],
    [{ ...smallest, timeline: {} }, "timeline must be a list"],
  ])("is refused with a clear word: %j", (document, message) => {
    expect(problems(parse(document)).join("\n")).toContain(message);
  });

  it.each([
    [{}, 'timeline[0] is missing "do"'],
    [{ do: "dance" }, "timeline[0].do must be"],
    [{ do: "press" }, 'timeline[0] is missing "button"'],
    [{ do: "press", button: "c" }, "timeline[0].button must be"],
    [{ do: "press", button: "a", times: 0 }, "timeline[0].times must be a whole number from 1 to 100"],
    [{ do: "target", temperature: "warm" }, "timeline[0].temperature must be a number"],
    [{ do: "heater", on: "yes" }, "timeline[0].on must be true or false"],
    [{ do: "fault", fault: "gremlins" }, "timeline[0].fault must be"],
    [{ do: "fault", fault: "nack", fr: "0:10" }, 'timeline[0] has the unknown key "fr"'],
    [{ do: "power-cut", every: "0:00:10" }, "timeline[0].every must be at least a minute"],
    [{ do: "expect", fault: "sensor-lost" }, "timeline[0].fault must be"],
  ])("names what is wrong with an action: %j", (action, message) => {
    expect(problems(withAction(action)).join("\n")).toContain(message);
  });

  it("names every problem with its line and column, in the order of the text", () => {
    const result = parseScenario('{\n  "about": 7,\n  "hours": 1,\n  "seed": 1.5\n}');
    expect(problems(result)).toEqual([
      "2:12 about must be a string, not 7",
      "4:11 seed must be a whole number from 0 to 2147483647, not 1.5",
    ]);
    expect(problems(parseScenario("{"))[0]).toMatch(/^1:2 /);
  });

  it("never throws, whatever is cut out of a good one", () => {
    fc.assert(
      fc.property(fc.constantFrom(...scenarioNames), fc.nat(5000), fc.nat(40), (name, at, length) => {
        const text = scenarioText(name);
        parseScenario(text.slice(0, at % text.length) + text.slice((at % text.length) + length));
      }),
    );
  });
});

describe("the player", () => {
  function play(timeline: readonly object[], extra: object = {}) {
    const scenario = good({ ...smallest, hours: 10, ...extra, timeline });
    const clock = new VirtualClock();
    const surroundings = surroundingsOf(scenario);
    const hat = new VirtualHat({ clock, wiring: virtualWiring, plant: surroundings, bounce: false });
    const seen: string[] = [];
    const requests: Request[] = [];
    const stop = playScenario(
      scenario,
      {
        hat,
        surroundings,
        request: (request) => requests.push(request),
        powerLost: () => seen.push(`power lost at ${clock.now()}`),
        powerBack: () => seen.push(`power back at ${clock.now()}`),
        expect: (expectation) => seen.push(`expect ${expectation.above} at ${clock.now()}`),
      },
      clock,
    );
    return { clock, hat, surroundings, seen, requests, stop };
  }

  it("presses a button as often and as long as asked, apart from each other", async () => {
    const { clock, hat } = play([{ at: "0:01", do: "press", button: "b", times: 3, hold: "0:00:01" }]);
    await clock.advance(minutes(2));
    const edges = hat.gpio.history(24).map(({ atMs, level }) => `${level} at ${atMs - 60_000}`);
    expect(edges).toEqual(["1 at 0", "0 at 1000", "1 at 1300", "0 at 2300", "1 at 2600", "0 at 3600"]);
  });

  it("opens the window and shuts it again, and fixes and frees the weather", async () => {
    const { clock, surroundings } = play(
      [
        { at: "1:00", do: "window", loss: 40, for: "0:15" },
        { at: "2:00", do: "outside", temperature: -20 },
        { at: "3:00", do: "outside" },
      ],
      { outside: { mean: 5 } },
    );
    await clock.runUntil(hours(1));
    expect(surroundings.window).toBe(40);
    await clock.runUntil(hours(2));
    expect([surroundings.window, surroundings.outside]).toEqual([0, -20]);
    await clock.runUntil(hours(3));
    expect(surroundings.outside).toBe(5);
  });

  it("begins and ends faults, and hands requests over as from the cloud", async () => {
    const { clock, hat, requests } = play([
      { at: "1:00", do: "fault", fault: "stuck" },
      { at: "1:00", do: "fault", fault: "dead-heater", for: "0:30" },
      { at: "2:00", do: "end-fault", fault: "stuck" },
      { at: "3:00", do: "target", temperature: 21 },
      { at: "3:00", do: "mode", mode: "manual" },
      { at: "3:00", do: "heater", on: true },
      { at: "3:00", do: "clear-faults" },
    ]);
    await clock.runUntil(hours(1));
    expect(hat.activeFaults).toEqual(["stuck", "dead-heater"]);
    await clock.runUntil(hours(1.5));
    expect(hat.activeFaults).toEqual(["stuck"]);
    await clock.runUntil(hours(3));
    expect(hat.activeFaults).toEqual([]);
    expect(requests).toEqual([
      { kind: "set", name: "targetTemperature", value: 21, source: "cloud" },
      { kind: "set", name: "controlMode", value: "manual", source: "cloud" },
      { kind: "set", name: "heaterSwitch", value: true, source: "cloud" },
      { kind: "clear-faults", source: "cloud" },
    ]);
  });

  it("repeats what is to be repeated", async () => {
    const { clock, seen } = play([{ at: "1:00", every: "2:00", do: "expect", above: 4 }]);
    await clock.runUntil(hours(6));
    expect(seen).toEqual([1, 3, 5].map((hour) => `expect 4 at ${hours(hour)}`));
  });

  it("takes the power away and gives it back, once for cuts that overlap", async () => {
    const { clock, seen, hat } = play([
      { at: "1:00", do: "power-cut", for: "1:00" },
      { at: "1:10", do: "power-cut", for: "0:01" },
      { at: "1:50", do: "power-cut", for: "1:00" },
      { at: "4:00", do: "power-cut" },
    ]);
    await clock.runUntil(hours(2.5));
    expect(hat.powered).toBe(false);
    await clock.runUntil(hours(5));
    expect(hat.powered).toBe(true);
    expect(seen).toEqual([
      `power lost at ${hours(1)}`,
      `power back at ${hours(1) + minutes(110)}`,
      `power lost at ${hours(4)}`,
      `power back at ${hours(4) + minutes(1)}`,
    ]);
  });

  it("does nothing any more once it was stopped", async () => {
    const { clock, seen, stop } = play([{ at: "0:30", every: "0:30", do: "expect", above: 1 }]);
    await clock.runUntil(minutes(31));
    stop();
    await clock.runUntil(hours(9));
    expect(seen).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("an expectation", () => {
  const view = { heating: true, faults: ["sensor-stale"] as const, air: celsius(18) };

  it("says in words what does not hold", () => {
    expect(unmet({ heating: false, fault: "none", above: celsius(18), below: celsius(17.5) }, view)).toEqual([
      "the heater is on",
      "sensor-stale is active",
      "the air is at 18.00 °C, not above 18 °C",
      "the air is at 18.00 °C, not below 17.5 °C",
    ]);
    expect(unmet({ fault: "sensor-stuck" }, view)).toEqual(["sensor-stuck is not active, but sensor-stale"]);
  });

  it("says nothing when all of it holds, or nothing was expected", () => {
    expect(
      unmet({ heating: true, fault: "sensor-stale", above: celsius(17), below: celsius(19) }, view),
    ).toEqual([]);
    expect(unmet({}, view)).toEqual([]);
  });
});

describe("the surroundings", () => {
  it("begin at the time of day, and follow the outside however long nobody looked", () => {
    const scenario = good({ ...smallest, start: { timeOfDay: "4:00" }, outside: { mean: 0, swing: 5 } });
    const surroundings = surroundingsOf(scenario);
    expect(surroundings.outside).toBeCloseTo(-5, 9);
    surroundings.advance(hours(12), false);
    expect(surroundings.outside).toBeCloseTo(5, 9);
    expect(surroundings.sinceMidnight).toBe(hours(16));
    const strides = surroundingsOf(scenario);
    for (let i = 0; i < 720; i++) strides.advance(minutes(1), false);
    expect(strides.room.temperature).toBeCloseTo(surroundings.room.temperature, 9);
    expect(surroundings.humidity).not.toBe(relativeHumidity(45));
  });

  it("refuse a window that gains heat", () => {
    const surroundings = surroundingsOf(good(smallest));
    expect(() => {
      surroundings.window = -1;
    }).toThrow(RangeError);
    surroundings.advance(millis(-5), true);
    expect(surroundings.sinceMidnight).toBe(0);
  });
});
