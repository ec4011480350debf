import { describe, expect, it } from "vitest";
import { celsius, millis, seconds } from "../../../src/base/units.ts";
import { ScreenFeed, type ScreenTarget } from "../../../src/board/screen/feed.ts";
import type { ScreenModel } from "../../../src/control/panel/screen.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { screen } from "../hat-rig.ts";

const at = (temperature: number): ScreenModel => ({ ...screen, temperature: celsius(temperature) });

function feedWith(find: (clock: VirtualClock) => Promise<ScreenTarget | undefined>) {
  const clock = new VirtualClock();
  const warnings: string[] = [];
  const note = () => {};
  const log = { debug: note, info: note, error: note, warn: (event: string) => void warnings.push(event) };
  return { clock, warnings, feed: new ScreenFeed({ find: () => find(clock), clock, log }) };
}

/** Takes 100 ms a picture. */
function slowDisplay(clock: VirtualClock) {
  const shown: (number | undefined)[] = [];
  const display: ScreenTarget = {
    kind: "oled-128x64",
    async show(model) {
      await clock.sleep(millis(100));
      shown.push(model.temperature);
    },
  };
  return { display, shown };
}

describe("The screen feed", () => {
  it("shows the newest of the models that came while the display was busy", async () => {
    let shown: (number | undefined)[] = [];
    const { clock, feed } = feedWith(async (c) => {
      const slow = slowDisplay(c);
      shown = slow.shown;
      return slow.display;
    });
    feed.show(at(1));
    await clock.advance(millis(50));
    for (const temperature of [2, 3, 4]) feed.show(at(temperature));
    await clock.advance(seconds(1));
    expect(shown).toEqual([1, 4]);
  });

  it("looks for a missing display after 1 s, then every 10 s, and warns once", async () => {
    const looks: number[] = [];
    const { clock, feed, warnings } = feedWith(async (c) => {
      looks.push(c.now());
      return undefined;
    });
    for (let second = 0; second < 35; second++) {
      feed.show(at(second));
      await clock.advance(seconds(1));
    }
    expect(looks).toEqual([0, 1000, 11_000, 21_000, 31_000]);
    expect(feed).toMatchObject({ failing: true, kind: undefined });
    expect(warnings).toEqual(["display-failed"]);
  });

  it("finds a display that was lost again, and shows it the newest model", async () => {
    let works = true;
    const shown: (number | undefined)[] = [];
    const display: ScreenTarget = {
      kind: "lcd-16x2",
      async show(model) {
        if (!works) throw new Error("unplugged");
        shown.push(model.temperature);
      },
    };
    const { clock, feed } = feedWith(async () => (works ? display : undefined));
    feed.show(at(1));
    await clock.settle();
    works = false;
    feed.show(at(2));
    await clock.settle();
    expect(feed.failing).toBe(true);
    works = true;
    await clock.advance(seconds(1));
    feed.show(at(3));
    await clock.settle();
    expect(shown).toEqual([1, 3]);
    expect(feed).toMatchObject({ failing: false, kind: "lcd-16x2" });
  });

  it("takes a search that throws for a missing display", async () => {
    const { clock, feed } = feedWith(() => Promise.reject(new Error("bus gone")));
    feed.show(at(1));
    await clock.settle();
    expect(feed.failing).toBe(true);
  });

  it("calls a display that never answers failing after 5 s", async () => {
    const { clock, feed } = feedWith(async () => ({
      kind: "oled-128x64",
      show: () => new Promise(() => {}),
    }));
    // Not from the start on: it is the display's time that counts, not the firmware's.
    await clock.advance(seconds(60));
    feed.show(at(1));
    await clock.advance(seconds(5));
    expect(feed.failing).toBe(false);
    await clock.advance(seconds(1));
    expect(feed.failing).toBe(true);
  });

  it("does not occupy the loop with a display that takes pictures in no time, whoever asks for more", async () => {
    let pictures = 0;
    const { clock, feed } = feedWith(async () => ({
      kind: "lcd-16x2",
      async show() {
        pictures++;
        // Without the turn for others this would never end; here it ends, so that the test fails and does not hang.
        if (pictures < 1000) feed.show(at(pictures % 40));
      },
    }));
    feed.show(at(1));
    await clock.settle();
    expect(pictures).toBe(1);
    await clock.advance(millis(20));
    expect(pictures).toBeGreaterThan(10);
    expect(pictures).toBeLessThanOrEqual(21);
    feed.close();
  });

  it("sends each model once", async () => {
    const shown: (number | undefined)[] = [];
    const { clock, feed } = feedWith(async () => ({
      kind: "lcd-16x2",
      show: async ({ temperature }) => void shown.push(temperature),
    }));
    for (const temperature of [1, 2]) {
      feed.show(at(temperature));
      await clock.advance(seconds(1));
    }
    expect(shown).toEqual([1, 2]);
  });

  it("sends nothing more once it is closed", async () => {
    let looked = 0;
    const { clock, feed } = feedWith(async () => {
      looked++;
      return undefined;
    });
    feed.close();
    feed.show(at(1));
    await clock.settle();
    expect(looked).toBe(0);
  });
});
