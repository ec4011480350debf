import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shapeTelemetry, startTelemetry } from "../../src/azure/telemetry.ts";
import { millis, seconds } from "../../src/base/units.ts";
import type { StepSummary } from "../../src/control/step-summary.ts";
import {
  type TelemetryName,
  type TelemetryValues,
  telemetry,
  validateValue,
} from "../../src/model/cloud-model.ts";
import { faultCodes } from "../../src/model/faults.ts";

const calm: StepSummary = {
  temperature: 19.5349,
  humidity: 45.449,
  setPoint: 19.5,
  heatingDemand: 33.3,
  heaterOn: false,
  automatic: true,
  raised: [],
  ended: [],
};

/** Looks once a second, as the run loop does, and remembers when what was said. */
class Teller {
  #state = startTelemetry(millis(0));
  now = 0;
  readonly said: { readonly at: number; readonly values: TelemetryValues }[] = [];

  get heldBack(): number {
    return this.#state.suppressed;
  }

  look(observation: Partial<StepSummary> = {}, interval = 60): void {
    const whole = { ...calm, ...observation };
    const result = shapeTelemetry(this.#state, whole, interval, seconds(this.now));
    this.#state = result.state;
    for (const values of result.messages) this.said.push({ at: this.now, values });
  }

  lookFor(time: number, observation: Partial<StepSummary> = {}, interval = 60): void {
    for (const end = this.now + time; this.now < end; this.now += 1) this.look(observation, interval);
  }

  get times(): number[] {
    return this.said.map(({ at }) => at);
  }
}

describe("telemetry", () => {
  it("sends one message with everything at once, then one every interval on the beat", () => {
    const teller = new Teller();
    teller.lookFor(181);
    expect(teller.times).toEqual([0, 60, 120, 180]);
    expect(teller.said[0]?.values).toEqual({
      temperature: 19.53,
      humidity: 45.4,
      setPoint: 19.5,
      heatingDemand: 33,
      heaterOn: false,
      automatic: true,
    });
  });

  it("waits ten seconds for the first credible reading, then goes without", () => {
    const quick = new Teller();
    quick.lookFor(3, { temperature: undefined, humidity: undefined });
    quick.lookFor(1);
    expect(quick.said).toMatchObject([{ at: 3, values: { temperature: 19.53 } }]);
    const blind = new Teller();
    blind.lookFor(12, { temperature: undefined, humidity: undefined });
    expect(blind.said.map(({ values }) => values)).toEqual([
      { setPoint: 19.5, heatingDemand: 33, heaterOn: false, automatic: true },
    ]);
    expect(blind.times).toEqual([10]);
  });

  it.each([{ heaterOn: true }, { automatic: false }, { setPoint: 21 }])("tells %o at once", (change) => {
    const teller = new Teller();
    teller.lookFor(30);
    teller.lookFor(40, change);
    expect(teller.times).toEqual([0, 30, 60]);
    expect(teller.said[1]?.values).toMatchObject(change);
  });

  it("tells no more than one reading in 5 s however fast somebody toggles, and what came out in the end", () => {
    const teller = new Teller();
    teller.lookFor(10);
    for (let n = 0; n < 20; n += 1) teller.lookFor(1, { heaterOn: n % 2 === 0, setPoint: 20 + n });
    teller.lookFor(20, { setPoint: 39 });
    const gaps = teller.times.slice(1).map((at, n) => at - (teller.times[n] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5);
    expect(teller.said.at(-1)?.values).toMatchObject({ setPoint: 39, heaterOn: false });
  });

  it("takes a shorter interval up at once, and does not make up for a time away", () => {
    const teller = new Teller();
    teller.lookFor(10, {}, 86_400);
    teller.lookFor(11, {}, 5);
    expect(teller.times).toEqual([0, 15, 20]);
    teller.now += 3600;
    teller.lookFor(10, {}, 5);
    expect(teller.times.slice(3)).toEqual([3621, 3626]);
  });

  it("tells each fault that began or ended in a message of its own, at once", () => {
    const teller = new Teller();
    teller.lookFor(30);
    teller.look({ raised: ["sensor-stale", "relay-mismatch"], ended: ["display-failed"] });
    expect(teller.said.slice(1)).toEqual([
      { at: 30, values: { faultRaised: "sensor-stale" } },
      { at: 30, values: { faultRaised: "relay-mismatch" } },
      { at: 30, values: { faultEnded: "display-failed" } },
    ]);
  });

  it("holds a flickering fault to one message in half a minute, and counts the rest", () => {
    const teller = new Teller();
    for (let n = 0; n < 1800; n += 1) {
      teller.lookFor(1, n % 2 === 0 ? { raised: ["buttons-failed"] } : { ended: ["buttons-failed"] });
    }
    const faults = teller.said.filter(({ values }) => values.temperature === undefined);
    expect(faults.length).toBeGreaterThan(60);
    expect(faults.length).toBeLessThanOrEqual(20 + 1800 / 30);
    expect(teller.heldBack).toBe(1800 - faults.length);
  });

  it("never says anything that the model does not know, whatever it is shown", () => {
    const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -0, 1e308));
    const observation = fc.record({
      temperature: fc.option(number, { nil: undefined }),
      humidity: fc.option(number, { nil: undefined }),
      setPoint: number,
      heatingDemand: number,
      heaterOn: fc.boolean(),
      automatic: fc.boolean(),
      raised: fc.array(fc.constantFrom(...faultCodes), { maxLength: 3 }),
      ended: fc.array(fc.constantFrom(...faultCodes), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 30 }), (observations) => {
        const teller = new Teller();
        for (const each of observations) teller.lookFor(7, each, 5);
        for (const { values } of teller.said) {
          for (const [name, value] of Object.entries(values)) {
            expect(validateValue(telemetry[name as TelemetryName].schema, value)).toBeUndefined();
            expect(Object.is(value, -0)).toBe(false);
          }
        }
      }),
    );
  });
});
