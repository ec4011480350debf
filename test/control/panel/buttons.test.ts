import { describe, expect, it } from "vitest";
import { millis } from "../../../src/base/units.ts";
import type { ButtonName } from "../../../src/control/input.ts";
import {
  type Gesture,
  isArmed,
  startButtons,
  stepButtons,
  stuckButton,
} from "../../../src/control/panel/buttons.ts";

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
    // Down: looked at every 100 ms, so that the hold is known to go on.
    expect(play([["mode", true, 0]], 10).wakes.at(-1)).toBe(110);
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

  it("is long when it is released after a second, and not short any more", () => {
    const { gestures } = play(
      [
        ["mode", true, 0],
        ["mode", false, 2500],
      ],
      3000,
    );
    expect(gestures).toEqual([[2510, { kind: "mode-long" }]]);
    const brief = play(
      [
        ["mode", true, 0],
        ["mode", false, 995],
      ],
      1500,
    );
    expect(brief.kinds).toEqual(["mode-short"]);
  });

  it("SR-13: does nothing when it is never released, or after a minute", () => {
    expect(
      play(
        [
          ["mode", true, 0],
          ["mode", false, 65_000],
        ],
        66_000,
        50,
      ).kinds,
    ).toEqual(["stuck"]);
    expect(play([["mode", true, 0]], 59_000, 50).kinds).toEqual([]);
  });

  it("is armed after a second, for the light", () => {
    expect(isArmed(play([["mode", true, 0]], 1000).state)).toBe(false);
    expect(isArmed(play([["mode", true, 0]], 1010).state)).toBe(true);
    expect(isArmed(play([["mode", true, 0]], 61_000, 50).state)).toBe(false);
  });
});

describe("A and B together", () => {
  it("clear the faults when both are released after 3 s, and leave the set-point where it was", () => {
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
    expect(gestures.filter(([, it]) => it.kind === "clear").map(([at]) => at)).toEqual([4050]);
  });

  it.each([
    ["neither comes back", []],
    ["A does not come back", [["b", false, 4000]]],
    ["B does not come back", [["a", false, 4000]]],
    [
      "A comes back after a minute",
      [
        ["b", false, 4000],
        ["a", false, 61_000],
      ],
    ],
  ] as const)("SR-13: clear nothing when %s", (_, released) => {
    const held: Edge[] = [["a", true, 0], ["b", true, 40], ...released];
    expect(play(held, 62_000, 50).kinds).not.toContain("clear");
  });

  it("clear nothing when they were held together for less, or one was pressed again meanwhile", () => {
    const short: Edge[] = [
      ["a", true, 0],
      ["b", true, 1200],
      ["a", false, 4000],
      ["b", false, 4100],
    ];
    expect(play(short, 5000).kinds).not.toContain("clear");
    const again: Edge[] = [
      ["a", true, 0],
      ["b", true, 40],
      ["a", false, 4000],
      ["a", true, 4300],
      ["b", false, 4500],
      ["a", false, 4600],
    ];
    expect(play(again, 5000).kinds).not.toContain("clear");
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

describe("a loop that stood still", () => {
  type Call = readonly [now: number, ...edges: Edge[]];

  /** Calls at given times, each with the edges that were read just then. */
  function called(...calls: readonly Call[]) {
    let state = startButtons(millis(0));
    const gestures: Gesture[] = [];
    let wake: number | undefined;
    const call = (now: number, edges: readonly Edge[]) => {
      const given = edges.map(([button, pressed, at]) => ({ button, pressed, atMs: millis(at) }));
      const result = stepButtons(state, given, millis(now));
      state = result.state;
      wake = result.wakeAt;
      gestures.push(...result.gestures);
    };
    for (const [now, ...edges] of calls) {
      // Between the calls the loop runs as it asked for, unless it stands still: then the next call is overdue.
      while (wake !== undefined && wake < now && now - wake <= 100) call(wake, []);
      call(now, edges);
    }
    return gestures;
  }

  const press: Edge = ["b", true, 1000];
  const release: Edge = ["b", false, 1120];

  it.each([
    ["the timer comes first, the release later", [[1000, press], [1010], [3000], [3001, release], [3100]]],
    ["the release comes first", [[1000, press], [1010], [3000, release], [3100]]],
    ["both edges come late, one by one", [[3000, press], [3000, release], [3100]]],
    ["both edges come late, after the timer", [[3000], [3001, press], [3001, release], [3100]]],
    ["both edges come late, together", [[3000, press, release], [3100]]],
    ["it stands still twice", [[1000, press], [1010], [1900], [2800], [2801, release], [3000]]],
  ] as readonly [string, readonly Call[]][])("makes one step of one press: %s", (_, calls) => {
    expect(called(...calls)).toEqual([up]);
  });

  it("loses none of three presses", () => {
    const presses = [1000, 1300, 1600].flatMap((at): Edge[] => [
      ["b", true, at],
      ["b", false, at + 100],
    ]);
    expect(called([3000, ...presses], [3100])).toEqual([up, up, up]);
    expect(called(...presses.map((edge): Call => [3000, edge]), [3100])).toEqual([up, up, up]);
  });

  it("takes no glitch for a press because its end came late", () => {
    expect(called([3000, ["b", true, 1000]], [3000, ["b", false, 1003]], [3100])).toEqual([]);
  });

  it("makes neither a long press nor a toggle too many of a short press of mode", () => {
    const edges: readonly Edge[] = [
      ["mode", true, 1000],
      ["mode", false, 1150],
    ];
    expect(
      called([1000, ["mode", true, 1000]], [1010], [4000], [4001, ["mode", false, 1150]], [4100]),
    ).toEqual([{ kind: "mode-short" }]);
    expect(called([4000, ...edges], [4100])).toEqual([{ kind: "mode-short" }]);
  });

  it("counts a hold that the edges themselves prove", () => {
    const edges: Edge[] = [
      ["b", true, 1000],
      ["b", false, 1800],
    ];
    expect(called([3000, ...edges], [3100])).toEqual([up, { ...up, repeat: true }, { ...up, repeat: true }]);
    const long: Edge[] = [
      ["mode", true, 1000],
      ["mode", false, 2200],
    ];
    expect(called([3000, ...long], [3100])).toEqual([{ kind: "mode-long" }]);
  });

  it("calls no button stuck for the time that it stood still", () => {
    const gestures = called([1000, press], [1010], [90_000], [90_001, release], [90_100]);
    expect(gestures).toEqual([up]);
  });
});
