import { describe, expect, it } from "vitest";
import { type Gesture, startButtons, stepButtons, stuckButton } from "../../src/control/buttons.ts";
import type { ButtonName } from "../../src/control/input.ts";
import { millis } from "../../src/control/units.ts";

type Edge = readonly [button: ButtonName, pressed: boolean, at: number];

/** Plays edges with a step at each and every `look` ms until `end`; gives the gestures with their times. */
function play(edges: readonly Edge[], end: number, look = 5) {
  let state = startButtons(millis(0));
  const gestures: (readonly [number, Gesture])[] = [];
  const wakes: (number | undefined)[] = [];
  let next = 0;
  for (let now = 0; now <= end; now += look) {
    const due: Edge[] = [];
    for (let edge = edges[next]; edge && edge[2] <= now; edge = edges[++next]) due.push(edge);
    const given = due.map(([button, pressed, at]) => ({ button, pressed, atMs: millis(at) }));
    const result = stepButtons(state, given, millis(now));
    state = result.state;
    wakes.push(result.wakeAt);
    for (const gesture of result.gestures) gestures.push([now, gesture]);
  }
  return { gestures, state, wakes, kinds: gestures.map(([, gesture]) => gesture.kind) };
}

const up: Gesture = { kind: "nudge", direction: 1, repeat: false };

describe("a button", () => {
  it("acts when it goes down, within 20 ms", () => {
    const { gestures } = play([["b", true, 100]], 130);
    expect(gestures).toEqual([[110, up]]);
  });

  it("lowers with A and raises with B", () => {
    const { gestures } = play(
      [
        ["a", true, 0],
        ["a", false, 50],
        ["b", true, 100],
        ["b", false, 150],
      ],
      300,
    );
    expect(gestures.map(([, gesture]) => gesture)).toEqual([{ ...up, direction: -1 }, up]);
  });

  it("does nothing on a glitch of 3 ms, pressed or released", () => {
    expect(
      play(
        [
          ["b", true, 100],
          ["b", false, 103],
        ],
        500,
      ).gestures,
    ).toEqual([]);
    const held: Edge[] = [
      ["b", true, 100],
      ["b", false, 200],
      ["b", true, 203],
      ["b", false, 300],
    ];
    expect(play(held, 500).gestures).toHaveLength(1);
  });

  it("counts a bouncing press once", () => {
    const bounce = [0, 1, 2, 4, 5, 7, 9].map((at, index): Edge => ["b", index % 2 === 0, 100 + at]);
    expect(
      play([...bounce, ["b", false, 200], ["b", true, 202], ["b", false, 204]], 400).gestures,
    ).toHaveLength(1);
  });

  it("is heard in full when the loop comes late", () => {
    const { gestures } = play(
      [
        ["b", true, 10],
        ["b", false, 110],
        ["b", true, 210],
        ["b", false, 310],
      ],
      4000,
      2000,
    );
    expect(gestures).toHaveLength(2);
  });

  it("repeats when held, and faster after a while", () => {
    const { gestures } = play(
      [
        ["b", true, 0],
        ["b", false, 4000],
      ],
      4200,
    );
    const times = gestures.map(([at]) => at - 10);
    expect(times.slice(0, 4)).toEqual([0, 500, 750, 1000]);
    expect(times.slice(-3)).toEqual([3700, 3800, 3900]);
  });

  it("repeats downwards with A as upwards with B", () => {
    const held = (button: "a" | "b") =>
      play(
        [
          [button, true, 0],
          [button, false, 2000],
        ],
        2200,
      ).gestures;
    const turned = held("b").map(([at, it]) => [at, it.kind === "nudge" ? { ...it, direction: -1 } : it]);
    expect(held("a")).toEqual(turned);
    expect(turned.length).toBeGreaterThan(5);
  });

  it("is not held up by an edge that says again what is known", () => {
    const { gestures } = play(
      [
        ["b", true, 100],
        ["b", true, 107],
      ],
      130,
    );
    expect(gestures).toEqual([[110, up]]);
  });

  it("is a touch when it goes down, and not when it comes up", () => {
    let state = startButtons(millis(0));
    const touched = (pressed: boolean, at: number) => {
      const settled = stepButtons(state, [{ button: "b", pressed, atMs: millis(at) }], millis(at + 20));
      state = settled.state;
      return settled.touched;
    };
    expect([touched(true, 0), touched(false, 100), touched(true, 200)]).toEqual([true, false, true]);
  });

  it("gives up after a minute, says so, and works again once released", () => {
    const { gestures, state } = play([["b", true, 0]], 90_000, 50);
    expect(gestures.at(-1)?.[0]).toBeLessThan(60_100);
    expect(stuckButton(state)).toBe("b");
    const released = play(
      [
        ["b", true, 0],
        ["b", false, 70_000],
        ["b", true, 71_000],
      ],
      71_100,
      50,
    );
    expect(stuckButton(released.state)).toBeUndefined();
    expect(released.gestures.at(-1)).toEqual([71_050, up]);
  });

  it("gives a bounded number of gestures when the loop was away for days", () => {
    const { gestures } = play([["b", true, 0]], 3 * 86_400_000, 86_400_000);
    expect(gestures.length).toBeLessThan(650);
  });

  it("asks to be looked at again when a press may become one, and not at all when idle", () => {
    expect(play([], 20).wakes).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(play([["mode", true, 0]], 0).wakes).toEqual([10]);
    expect(play([["mode", true, 0]], 10).wakes.at(-1)).toBe(1010);
  });
});

describe("the mode button", () => {
  it("is short on release", () => {
    expect(
      play(
        [
          ["mode", true, 0],
          ["mode", false, 300],
        ],
        600,
      ).gestures,
    ).toEqual([[310, { kind: "mode-short" }]]);
  });

  it("is long after a second, while it is still down, and not short any more", () => {
    const { gestures } = play(
      [
        ["mode", true, 0],
        ["mode", false, 2500],
      ],
      3000,
    );
    expect(gestures).toEqual([[1010, { kind: "mode-long" }]]);
  });

  it("does nothing when it is released after a minute", () => {
    expect(
      play(
        [
          ["mode", true, 0],
          ["mode", false, 65_000],
        ],
        66_000,
        50,
      ).kinds,
    ).toEqual(["mode-long"]);
  });
});

describe("A and B together", () => {
  it("clear the faults after 3 s and leave the set-point where it was", () => {
    const { gestures } = play(
      [
        ["a", true, 0],
        ["b", true, 40],
        ["a", false, 4000],
        ["b", false, 4040],
      ],
      6000,
    );
    const sum = gestures.reduce((total, [, it]) => total + (it.kind === "nudge" ? it.direction : 0), 0);
    expect(sum).toBe(0);
    expect(gestures.filter(([, it]) => it.kind === "clear").map(([at]) => at)).toEqual([3050]);
  });

  it("do not make the one that is held longer run away", () => {
    const { gestures } = play(
      [
        ["a", true, 0],
        ["b", true, 40],
        ["a", false, 2000],
      ],
      8000,
    );
    expect(gestures).toHaveLength(2);
  });
});
