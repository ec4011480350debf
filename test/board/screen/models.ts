/** Screens to test with: the named states of the golden pictures, and any state whatever. */
import fc from "fast-check";
import { celsius, duty, relativeHumidity } from "../../../src/base/units.ts";
import type { ScreenModel } from "../../../src/control/panel/screen.ts";
import { faultCodes } from "../../../src/model/faults.ts";

export const heating: ScreenModel = {
  temperature: celsius(20.4),
  humidity: relativeHumidity(45.2),
  target: celsius(21),
  unit: "C",
  mode: "auto",
  heating: true,
  demand: duty(43),
  firmware: "0.1.0",
  link: "online",
  fault: undefined,
  faultCount: 0,
  dimmed: false,
};

const idle: ScreenModel = { ...heating, heating: false, demand: duty(0) };

export const states: Readonly<Record<string, ScreenModel>> = {
  heating,
  "manual-off": { ...idle, mode: "manual", temperature: celsius(19.83), target: celsius(19), link: "none" },
  fault: {
    ...idle,
    temperature: celsius(35.6),
    humidity: relativeHumidity(100),
    fault: "over-temperature",
    faultCount: 3,
  },
  "no-reading": {
    ...idle,
    temperature: undefined,
    humidity: undefined,
    fault: "sensor-stale",
    faultCount: 1,
  },
  fahrenheit: { ...heating, unit: "F", demand: duty(100) },
  "fahrenheit-three-digits": { ...idle, unit: "F", temperature: celsius(42), mode: "manual" },
  frost: { ...heating, temperature: celsius(-10.5), demand: duty(100), firmware: "12.10.3-beta.4" },
  dimmed: { ...heating, dimmed: true },
  offline: { ...idle, link: "offline", demand: duty(12) },
  downloading: { ...heating, update: { state: "downloading", percent: 43.7 } },
  installing: { ...idle, mode: "manual", link: "offline", update: { state: "installing", percent: 100 } },
  starting: { ...idle, update: { state: "starting", percent: 100 } },
  "on-trial": { ...idle, update: { state: "on-trial", percent: 100 } },
  connecting: { ...idle, link: "connecting", temperature: celsius(8.7) },
};

export const anyModel: fc.Arbitrary<ScreenModel> = fc.record({
  temperature: fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(celsius), { nil: undefined }),
  humidity: fc.option(fc.double({ min: 0, max: 100, noNaN: true }).map(relativeHumidity), { nil: undefined }),
  target: fc.double({ min: 5, max: 30, noNaN: true }).map(celsius),
  unit: fc.constantFrom("C", "F"),
  mode: fc.constantFrom("auto", "manual"),
  heating: fc.boolean(),
  demand: fc.double({ min: 0, max: 100, noNaN: true }).map(duty),
  firmware: fc.string({ maxLength: 40 }),
  link: fc.constantFrom("none", "connecting", "online", "offline"),
  update: fc.option(
    fc.record({
      state: fc.constantFrom("downloading", "installing", "starting", "on-trial"),
      percent: fc.double({ min: -1, max: 101, noNaN: true }),
    }),
    { nil: undefined },
  ),
  fault: fc.option(fc.constantFrom(...faultCodes), { nil: undefined }),
  faultCount: fc.nat(20),
  dimmed: fc.boolean(),
});
