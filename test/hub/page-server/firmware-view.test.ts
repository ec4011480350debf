import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json/value.ts";
import { firmwareView } from "../../../src/hub/page-server/firmware/firmware-view.ts";
import { firmware } from "../../browser/fake-device.ts";

describe("what a device reports of its firmware", () => {
  it("arrives at the page as it is", () => {
    expect(firmwareView({ firmware: { __t: "c", ...firmware } })).toEqual(firmware);
  });

  it("is nothing for a device without the component", () => {
    for (const reported of [{}, { firmware: "1.0" }, { firmware: { ...firmware } }, { firmware: null }])
      expect(firmwareView(reported)).toBeNull();
    expect(firmwareView(JSON.parse('{"__proto__": {"firmware": {"__t": "c"}}}'))).toBeNull();
  });

  it("makes short texts, known words and a percentage of anything else", () => {
    const hostile = {
      state: "flying",
      program: 7,
      lastResult: ["none"],
      progress: 1e9,
      installed: "9".repeat(4000),
    };
    const view = firmwareView({ firmware: { __t: "c", ...hostile } });
    expect(view).toMatchObject({
      state: null,
      program: null,
      lastResult: null,
      progress: 100,
      available: "",
    });
    expect(view?.installed).toHaveLength(64);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(firmware)), fc.jsonValue()), (any) => {
        const shown = firmwareView({ firmware: { ...(any as JsonObject), __t: "c" } });
        for (const value of Object.values(shown ?? {}))
          if (typeof value === "string") expect(value.length).toBeLessThan(513);
        expect(shown?.progress ?? 0).toBeLessThanOrEqual(100);
      }),
    );
  });
});
