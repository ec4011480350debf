import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyState, type PageEvent, reduce } from "../../../src/hub/page/model/state.ts";
import type { HubInfo, TimelineEvent } from "../../../src/hub/page-server/api.ts";
import { device, front } from "../../browser/fake-device.ts";
import { events } from "./events.ts";

const hub: HubInfo = {
  hubHost: "localhost:8883",
  idScope: "0ne",
  startedMs: 0,
  nowMs: 0,
  devices: 1,
  connected: 1,
  kind: "hub",
  unit: "C",
  exposed: false,
  sealed: false,
};
const grown = (...happened: readonly PageEvent[]) => happened.reduce(reduce, emptyState);
const hello: PageEvent = { type: "hello", hub, devices: [device("b"), device("a")] };
const telemetry = (atMs: number, temperature: number): PageEvent => ({
  type: "telemetry",
  deviceId: "a",
  atMs,
  values: { temperature },
});
const told = (event: TimelineEvent): PageEvent => ({ type: "timeline", event });

describe("the page's state", () => {
  it("shows the first device by name until another is chosen", () => {
    expect(grown(hello).shown).toBe("a");
    expect(grown(hello, { type: "show", deviceId: "b" }).shown).toBe("b");
    expect(grown(hello).devices.map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("keeps the chosen device over a reconnect, and falls back when it was removed", () => {
    const chosen = grown(hello, { type: "show", deviceId: "b" }, hello);
    expect(chosen.shown).toBe("b");
    expect(reduce(chosen, { type: "removed", deviceId: "b" })).toMatchObject({ shown: "a", timeline: [] });
    expect(grown(hello, { type: "hello", hub, devices: [] }).shown).toBeUndefined();
  });

  it("forgets what it knew of the one device when it shows another", () => {
    const state = grown(hello, { type: "detail", detail: device("a") }, telemetry(1, 20), {
      type: "show",
      deviceId: "b",
    });
    expect(state).toMatchObject({ detail: undefined, series: {}, timeline: [] });
  });

  it("merges a summary into the twin that it shows", () => {
    const state = grown(
      hello,
      { type: "detail", detail: device("a") },
      { type: "device", device: device("a", { connected: false }) },
    );
    expect(state.detail?.connected).toBe(false);
    expect(state.detail?.properties.length).toBeGreaterThan(0);
  });

  it("keeps the newer view when an answer arrives after the event that followed it", () => {
    const event = device("a", { revision: 5, connected: false, cable: "reset" });
    const answer = device("a", { revision: 4, connected: true, cable: "reset" });
    const shown = grown(hello, { type: "detail", detail: device("a", { revision: 3 }) });
    const gone = reduce(shown, { type: "device", device: event });
    expect(gone.detail?.connected).toBe(false);
    expect(reduce(gone, { type: "device", device: answer })).toBe(gone);
    expect(reduce(gone, { type: "twin", device: answer })).toBe(gone);
    expect(reduce(gone, { type: "detail", detail: answer })).toBe(gone);
  });

  it("shows a fetched twin under the newer summary that arrived before it", () => {
    const fetched = device("a", { revision: 4 });
    const gone = grown(hello, { type: "device", device: device("a", { revision: 5, connected: false }) });
    const shown = reduce(gone, { type: "detail", detail: fetched });
    expect(shown.detail).toEqual({ ...fetched, revision: 5, connected: false });
  });

  it("takes what a restarted hub sends, whose revisions begin again", () => {
    const old = grown(hello, { type: "detail", detail: device("a", { revision: 900 }) });
    const after = reduce(reduce(old, hello), { type: "device", device: device("a", { enabled: false }) });
    expect(after.detail).toMatchObject({ revision: 1, enabled: false });
  });

  it("leaves alone what it shows when something happens to another device", () => {
    const state = grown(hello, { type: "detail", detail: device("a") });
    const [event] = events({ kind: "connected", deviceId: "b" });
    expect(reduce(state, { type: "twin", device: device("b") }).detail).toEqual(state.detail);
    expect(reduce(state, { type: "telemetry", deviceId: "b", atMs: 1, values: { x: 1 } })).toBe(state);
    expect(event === undefined ? undefined : reduce(state, told(event))).toBe(state);
  });

  it("takes the panel of the device that it shows, and takes it away with the device's own", () => {
    const panel = front(21, "auto", true);
    const shown = grown(hello, { type: "detail", detail: device("a") });
    const fitted = reduce(shown, { type: "panel", deviceId: "a", panel });
    expect(fitted).toEqual({ ...shown, front: panel, detail: { ...device("a"), panel } });
    expect(reduce(fitted, { type: "panel", deviceId: "a", panel: null })).toEqual({ ...shown, front: null });
    expect(reduce(shown, { type: "panel", deviceId: "b", panel })).toBe(shown);
    expect(reduce(grown(hello), { type: "panel", deviceId: "a", panel }).detail).toBeUndefined();
  });

  it("keeps the front that the stream told last, also when an older answer comes after it", () => {
    const [older, newer] = [21, 22].map((target) => front(target, "auto", true));
    if (older === undefined || newer === undefined) throw new Error("no fronts");
    const answer: PageEvent = { type: "detail", detail: device("a", { panel: older }) };
    const told: PageEvent = { type: "panel", deviceId: "a", panel: newer };
    expect(grown(hello, told, answer).detail?.panel).toBe(newer);
    expect(grown(hello, answer, told, answer).detail?.panel).toBe(newer);
    expect(grown(hello, answer, { ...told, panel: null }, answer).detail).not.toHaveProperty("panel");
    // After a reconnection events may have been missed: the answer is the newest.
    expect(grown(hello, told, hello, answer).detail?.panel).toBe(older);
  });

  it("follows the unit of the device on the server's machine when that changes", () => {
    const told = (...changed: [] | ["F"]): PageEvent => {
      const [displayUnit] = changed;
      return {
        type: "twin",
        device: device("a", { settings: { changed: { ...(displayUnit && { displayUnit }) } } }),
      };
    };
    expect(grown(hello, told(), told("F")).hub?.unit).toBe("F");
    expect(grown(hello, told("F"), told()).hub?.unit).toBe("C");
    expect(grown(hello, told("F"), { type: "detail", detail: device("b") }).hub?.unit).toBe("C");
  });

  it("says how its stream is", () => {
    expect(grown({ type: "link", link: "lost" }).stream).toBe("lost");
  });

  it("takes numbers and switches for the plot, and nothing else", () => {
    const values = { temperature: 20, heaterOn: true, note: "x", deep: { a: 1 }, none: null };
    const { series } = grown(hello, { type: "telemetry", deviceId: "a", atMs: 1, values });
    expect(series).toEqual({
      temperature: { atMs: [1], values: [20] },
      heaterOn: { atMs: [1], values: [1] },
    });
  });

  it("survives names that an object has by nature", () => {
    const values = JSON.parse('{"__proto__": 1, "constructor": 2}');
    const { series } = grown(hello, { type: "telemetry", deviceId: "a", atMs: 1, values });
    expect(Object.hasOwn(series, "constructor")).toBe(true);
    expect(Object.getPrototypeOf(series)).toBe(Object.prototype);
  });

  it("puts late readings where they belong, in whatever order they come, each once", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }), (times) => {
        const { series } = grown(hello, ...times.map((atMs) => telemetry(atMs, atMs * 10)));
        const sorted = [...new Set(times)].sort((a, b) => a - b);
        expect(series["temperature"]).toEqual({ atMs: sorted, values: sorted.map((atMs) => atMs * 10) });
      }),
    );
  });

  it("keeps the timeline in order and each event once, in whatever order it learns of them", () => {
    const all = events({ kind: "desired" }, { kind: "cable" }, { kind: "connected" }, { kind: "reported" });
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...all), { maxLength: 20 }), fc.boolean(), (some, past) => {
        const learned: PageEvent[] = past ? [{ type: "past", deviceId: "a", events: some }] : some.map(told);
        const { timeline } = grown(hello, ...learned, ...some.map(told));
        const wanted = [...new Set(some)].sort((a, b) => a.sequence - b.sequence);
        expect(timeline).toEqual(wanted);
      }),
    );
  });

  it("stays bounded, and keeps the newest", () => {
    const atMs = Array.from({ length: 40_000 }, (_, index) => index);
    const history = { nowMs: 0, series: { temperature: { atMs, values: atMs } } };
    const state = grown(hello, { type: "history", deviceId: "a", history }, telemetry(50_000, 7));
    const kept = state.series["temperature"];
    expect([kept?.atMs.length, kept?.values.length]).toEqual([17_280, 17_280]);
    expect([kept?.atMs.at(-1), kept?.values.at(-1)]).toEqual([50_000, 7]);
    const many = Array.from({ length: 500 }, () => ({ kind: "event" }) as const);
    const { timeline } = grown(hello, { type: "past", deviceId: "a", events: events(...many) });
    expect([timeline.length, timeline.at(-1)?.sequence]).toEqual([300, 500]);
  });

  it("keeps what the stream told while the history was on its way", () => {
    const history = { nowMs: 0, series: { temperature: { atMs: [1, 2], values: [10, 20] } } };
    const early = grown(hello, telemetry(2, 20), telemetry(3, 30));
    expect(reduce(early, { type: "history", deviceId: "a", history }).series["temperature"]).toEqual({
      atMs: [1, 2, 3],
      values: [10, 20, 30],
    });
  });
});
