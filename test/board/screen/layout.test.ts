import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { celsius, duty, relativeHumidity } from "../../../src/base/units.ts";
import { displayRows } from "../../../src/board/screen/displays.ts";
import { backlightOf, layout16x2 } from "../../../src/board/screen/layout-16x2.ts";
import { layout128x64 } from "../../../src/board/screen/layout-128x64.ts";
import { layout128x128 } from "../../../src/board/screen/layout-128x128.ts";
import { Framebuffer } from "../../../src/chips/framebuffer.ts";
import type { ScreenModel } from "../../../src/control/panel/screen.ts";
import { anyModel, heating, states } from "./models.ts";
import { expectGolden, lcdPicture, oledPicture } from "./picture.ts";

/** Every display of the table that shows pixels, so that a new one owes its reader as much. */
const layouts = Object.entries(displayRows).flatMap(([kind, { draw }]) => {
  const layout = (model: ScreenModel): Framebuffer | undefined => {
    const picture = draw(model, 0);
    return picture instanceof Framebuffer ? picture : undefined;
  };
  return layout(heating)
    ? [[kind.replace("oled-", ""), layout as (model: ScreenModel) => Framebuffer] as const]
    : [];
});

describe.each(Object.entries(states))("the screen when %s", (name, model) => {
  it.each(layouts)("looks on a %s display as its golden picture", (size, layout) => {
    expectGolden(`${size}-${name}`, oledPicture(layout(model), model.dimmed));
  });

  it("looks on a 16x2 display as its golden picture", () => {
    const turns = [0, 1, 2, 3].map((turn) => layout16x2(model, turn));
    expectGolden(`16x2-${name}`, lcdPicture(turns, backlightOf(model)));
  });
});

/** Every thing that the screen owes its reader, and another value of it. */
const owed: readonly (readonly [what: string, other: Partial<ScreenModel>])[] = [
  ["temperature", { temperature: celsius(20.5) }],
  ["that there is no reading", { temperature: undefined }],
  ["humidity", { humidity: relativeHumidity(46) }],
  ["heat on or off", { heating: false }],
  ["set-point", { target: celsius(21.5) }],
  ["auto or manual", { mode: "manual" }],
  ["firmware version", { firmware: "0.1.1" }],
  ["that it is connecting", { link: "connecting" }],
  ["that it is offline", { link: "offline" }],
  ["that there is no cloud", { link: "none" }],
  ["the fault", { fault: "sensor-stale", faultCount: 1 }],
  ["which fault", { fault: "over-temperature", faultCount: 1 }],
  ["the unit", { unit: "F" }],
  ["that an update is downloaded", { update: { state: "downloading", percent: 0 } }],
  ["that an update is installed", { update: { state: "installing", percent: 100 } }],
  ["that an update starts", { update: { state: "starting", percent: 100 } }],
  ["that an update is on trial", { update: { state: "on-trial", percent: 100 } }],
];

describe("every layout", () => {
  it.each(owed)("shows %s", (_what, other) => {
    const changed = { ...heating, ...other };
    for (const [, layout] of layouts) expect(layout(changed).bytes).not.toEqual(layout(heating).bytes);
    const cycle = (model: ScreenModel) => [0, 1, 2, 3].map((turn) => layout16x2(model, turn));
    expect(cycle(changed)).not.toEqual(cycle(heating));
  });

  it("shows how far a download is, also while a fault stands", () => {
    const at = (percent: number) => ({ ...heating, update: { state: "downloading", percent } }) as const;
    const fault = { fault: "relay-mismatch", faultCount: 1 } as const;
    for (const more of [{}, fault]) {
      const [before, after] = [
        { ...at(43), ...more },
        { ...at(44), ...more },
      ];
      for (const [, layout] of layouts) expect(layout(before).bytes).not.toEqual(layout(after).bytes);
      const cycle = (model: ScreenModel) => [0, 1, 2, 3].map((turn) => layout16x2(model, turn)).join();
      expect(cycle(before)).not.toBe(cycle(after));
    }
  });

  it("still shows the version, the link and the set-point while a fault stands", () => {
    const fault = { ...heating, fault: "relay-mismatch", faultCount: 1 } as const;
    for (const other of [{ firmware: "0.1.1" }, { link: "offline" }, { target: celsius(25) }] as const) {
      const changed = { ...fault, ...other };
      for (const [, layout] of layouts) expect(layout(changed).bytes).not.toEqual(layout(fault).bytes);
      const cycle = (model: ScreenModel) => [0, 1, 2, 3].map((turn) => layout16x2(model, turn)).join();
      expect(cycle(changed)).not.toBe(cycle(fault));
    }
  });

  it("draws the same for the same model, dimmed or not", () => {
    fc.assert(
      fc.property(anyModel, (model) => {
        for (const [, layout] of layouts) {
          expect(Buffer.compare(layout(model).bytes, layout({ ...model, dimmed: !model.dimmed }).bytes)).toBe(
            0,
          );
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("the graphic layouts", () => {
  it.each([
    ["128x128", layout128x128, 16, 56],
    ["128x64", layout128x64, 16, 48],
  ] as const)(
    "on %s keep the other digits where they are when the last one changes",
    (_name, layout, top, bottom) => {
      const before = layout({ ...heating, temperature: celsius(20.4) });
      const after = layout({ ...heating, temperature: celsius(20.7) });
      for (let y = 0; y < before.height; y++) {
        for (let x = 0; x < 128; x++) {
          if (before.get(x, y) === after.get(x, y)) continue;
          expect(y >= top && y < bottom && x > 45).toBe(true);
        }
      }
    },
  );

  it("fill the demand bar in proportion", () => {
    const lit = (percent: number) => {
      const fb = layout128x64({ ...heating, demand: duty(percent) });
      return Array.from({ length: 124 }, (_, x) => fb.get(x + 2, 59)).filter(Boolean).length;
    };
    expect([0, 50, 100].map(lit)).toEqual([0, 62, 124]);
  });
});

describe("the text layout", () => {
  it("packs the essentials into the first line", () => {
    expect(layout16x2(heating, 0)[0]).toBe("20.4°C  45% HEAT");
    expect(layout16x2({ ...heating, temperature: celsius(-10.5), heating: false }, 0)[0]).toBe(
      "-10.5°C 45%  off",
    );
    expect(layout16x2({ ...heating, unit: "F", temperature: celsius(42), humidity: undefined }, 0)[0]).toBe(
      "107.6°F --% HEAT",
    );
  });

  it("takes turns on the second line", () => {
    const lines = [0, 1, 2, 3].map((turn) => layout16x2(heating, turn)[1]);
    expect(lines).toEqual(["Set 21.0°   Auto", "Set 21.0°   Auto", "Online    v0.1.0", "Set 21.0°   Auto"]);
  });

  it("keeps the link and a long version apart", () => {
    expect(layout16x2({ ...heating, link: "connecting", firmware: "12.10.3-beta" }, 2)[1]).toBe(
      "Linking v12.10.3",
    );
  });

  it("names a fault every other time", () => {
    const model = { ...heating, fault: "sensor-stale", faultCount: 3, mode: "manual" } as const;
    const lines = [0, 1, 2, 3].map((turn) => layout16x2(model, turn)[1]);
    expect(lines).toEqual(["!NO SENSOR    +2", "Set 21.0° Manual", "!NO SENSOR    +2", "Online    v0.1.0"]);
  });

  it("is always two lines of 16 characters", () => {
    fc.assert(
      fc.property(anyModel, fc.nat(20), (model, turn) => {
        for (const line of layout16x2({ ...model, firmware: "1.2.3" }, turn))
          expect([...line]).toHaveLength(16);
      }),
    );
  });

  it("lights red for a fault, amber while heating, and softly when dimmed", () => {
    expect(backlightOf({ ...heating, fault: "sensor-stale" })).toEqual([255, 0, 0]);
    expect(backlightOf(heating)).toEqual([255, 110, 20]);
    expect(backlightOf({ ...heating, heating: false })).toEqual([160, 180, 200]);
    expect(backlightOf({ ...heating, dimmed: true })).toEqual([64, 28, 5]);
  });
});
