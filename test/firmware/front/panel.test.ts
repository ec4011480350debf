/** The device's front on its way to the hub's page, and keys on their way back. */
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { read } from "../../../src/base/schema/schema.ts";
import { celsius, hours, millis, relativeHumidity, seconds } from "../../../src/base/units.ts";
import { openHat } from "../../../src/board/open-hat.ts";
import { Device } from "../../../src/firmware/device.ts";
import { guardianToHub, type PanelShown } from "../../../src/firmware/front/messages.ts";
import { drawPanel } from "../../../src/firmware/front/picture.ts";
import { PanelShare } from "../../../src/firmware/front/share.ts";
import { guardianToLoop } from "../../../src/firmware/process/messages.ts";
import { memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { StateStore } from "../../../src/firmware/storage/state-store.ts";
import type { PanelPress } from "../../../src/hub/page-server/api.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { dailyOutside, Room, roomPresets } from "../../../src/simulation/room/room.ts";
import { Surroundings } from "../../../src/simulation/room/surroundings.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { type DisplayKind, VirtualHat } from "../../../src/simulation/virtual-hat/virtual-hat.ts";
import { virtualWiring as wiring } from "../../simulation/virtual-hat/test-hat.ts";

interface Sent {
  readonly atMs: number;
  readonly shown: PanelShown;
}

/** A device on the virtual hat in virtual time, with the loop's end of the channel; `real` hides what is virtual. */
async function frontOf({ real = false, display = "oled-128x128" as DisplayKind } = {}) {
  const clock = new VirtualClock();
  const start = { temperature: celsius(17.6), humidity: relativeHumidity(48), seed: 1 };
  const surroundings = new Surroundings(new Room(roomPresets.fanHeater, start), {
    outside: dailyOutside(celsius(2), 4),
    startOfDay: hours(18),
  });
  const hat = new VirtualHat({ clock, wiring, plant: surroundings, display });
  const device = await Device.start({
    hat: await openHat({ hardware: hat.connect(), wiring, clock, log: silentLog }),
    settings: defaultSettings,
    store: new StateStore("/state.json", memoryFiles(), clock),
    clock,
    log: silentLog,
    firmware: "0.1.0",
  });
  onTestFinished(() => device.abandon());
  const sent: Sent[] = [];
  const channel = { stuck: false };
  const unit = { sealed: false };
  const share = new PanelShare({
    device,
    virtual: real ? undefined : { hat, surroundings },
    clock,
    log: silentLog,
    isSealed: () => unit.sealed,
    send: (message, done) => {
      const shown = read(guardianToHub, JSON.parse(JSON.stringify(message)));
      if (shown?.kind !== "panel-shown") throw new Error(`not readable: ${JSON.stringify(message)}`);
      sent.push({ atMs: clock.now(), shown });
      if (!channel.stuck) done();
    },
  });
  await clock.advance(seconds(5));
  return {
    clock,
    device,
    hat,
    sent,
    channel,
    unit,
    simulate: (fault: string, active: boolean) => share.simulate({ kind: "simulate-fault", fault, active }),
    press: (key: PanelPress["key"], down: boolean) => share.take({ kind: "panel-pressed", key, down }),
    target: () => device.inForce.values.targetTemperature,
    last: () => {
      const newest = sent.at(-1);
      if (newest === undefined) throw new Error("nothing was sent");
      return newest.shown;
    },
  };
}

describe("the front, as the loop tells it", () => {
  it("is what the hat's own display shows, to the pixel, once that has shown the newest", async () => {
    for (const display of ["oled-128x128", "oled-128x64"] as const) {
      const { last, hat } = await frontOf({ display });
      const { screen, fitted } = drawPanel(last());
      if (screen.kind !== "pixels") throw new Error("no pixels");
      const bytes = Buffer.from(screen.bits, "base64");
      const rows = Array.from({ length: screen.height }, (_, y) =>
        Array.from({ length: screen.width }, (_, x) => {
          const at = y * screen.width + x;
          return ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1 ? "#" : ".";
        }).join(""),
      );
      expect(rows.join("\n")).toBe(hat.oled?.picture());
      expect(fitted).toBe(true);
    }
  });

  it("is the text of a 16x2 display", async () => {
    const { last } = await frontOf({ display: "lcd-16x2" });
    const { screen } = drawPanel(last());
    expect(screen).toMatchObject({
      kind: "text",
      lines: [expect.stringMatching(/^17\.\d°C/), expect.any(String)],
    });
  });

  it("says when there is no display, and is what one would show", async () => {
    const { last } = await frontOf({ display: "none" });
    expect(drawPanel(last())).toMatchObject({ fitted: false, screen: { kind: "pixels" } });
  });

  it("is told when it changes and at most ten times a second, however fast things change", async () => {
    const { clock, sent, press } = await frontOf();
    press("b", true);
    await clock.advance(seconds(8));
    press("b", false);
    await clock.advance(seconds(60));
    const gaps = sent.slice(1).map(({ atMs }, at) => atMs - (sent[at]?.atMs ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
    expect(sent.length).toBeGreaterThan(30);
    const texts = sent.map(({ shown }) => JSON.stringify(shown));
    expect(texts.filter((text, at) => text === texts[at - 1])).toEqual([]);
  });

  it("waits with one picture, the newest, while the channel takes none", async () => {
    const { clock, sent, press, channel, device } = await frontOf();
    channel.stuck = true;
    press("b", true);
    await clock.advance(millis(150));
    press("b", false);
    const before = sent.length;
    for (const target of [22, 23, 24])
      device.request({ kind: "set", name: "targetTemperature", value: celsius(target), source: "cloud" });
    await clock.advance(seconds(30));
    expect(sent.length).toBeLessThanOrEqual(before + 1);
    expect(device.inForce.values.targetTemperature).toBe(24);
  });
});

describe("keys from the page", () => {
  it("raise the set-point by one tap, however short, and go on while held", async () => {
    const { clock, press, target } = await frontOf();
    press("b", true);
    press("b", false);
    await clock.advance(seconds(1));
    expect(target()).toBe(19.5);
    press("b", true);
    await clock.advance(seconds(2));
    press("b", false);
    await clock.advance(seconds(1));
    expect(target()).toBeGreaterThan(21);
  });

  it("count as the device's own change", async () => {
    const { clock, press, device } = await frontOf();
    press("a", true);
    press("a", false);
    await clock.advance(seconds(1));
    expect(device.inForce.changes.targetTemperature.source).toBe("device");
  });

  it("let go by themselves after ten seconds when nobody does", async () => {
    const { clock, press, hat } = await frontOf();
    const isDown = () => hat.gpio.level(wiring.buttonB.line) === wiring.buttonB.activeLevel;
    press("b", true);
    await clock.advance(seconds(9));
    expect(isDown()).toBe(true);
    await clock.advance(seconds(2));
    expect(isDown()).toBe(false);
  });

  it("make a few presses a second, however many messages come", async () => {
    const { clock, press, target } = await frontOf();
    for (let at = 0; at < 100; at += 1) {
      press("b", true);
      press("b", false);
      await clock.advance(millis(2));
    }
    await clock.advance(seconds(1));
    expect(target()).toBeGreaterThan(19);
    expect(target()).toBeLessThanOrEqual(21.5);
  });

  it("open the window of the simulated room, and the page is told at once", async () => {
    const { clock, press, last } = await frontOf();
    press("window", true);
    await clock.advance(millis(110));
    expect(last().room?.windowOpen).toBe(true);
    press("window", false);
    await clock.advance(millis(110));
    expect(last().room?.windowOpen).toBe(false);
  });

  it("simulate a fault of the hat until it is ended, and the page is told of it at once", async () => {
    const { simulate, hat, last, clock, device } = await frontOf();
    simulate("nack", true);
    simulate("nack", true);
    await clock.advance(seconds(1));
    expect([hat.activeFaults, last().room?.faults]).toEqual([["nack"], ["nack"]]);
    expect(drawPanel(last()).room?.faults.filter(({ active }) => active)).toEqual([
      { name: "nack", doc: "the sensor does not acknowledge", active: true },
    ]);
    await clock.advance(seconds(70));
    expect(device.activeFaults).toContain("sensor-stale");
    simulate("nack", false);
    await clock.advance(seconds(15));
    expect([last().room?.faults, device.activeFaults.includes("sensor-stale")]).toEqual([[], false]);
  });

  it("simulate nothing on a real hat, in a sealed unit, or by a name that no fault has", async () => {
    const { simulate, hat, unit } = await frontOf();
    for (const name of ["", "toString", "relay"]) simulate(name, true);
    unit.sealed = true;
    simulate("welded-relay", true);
    expect(hat.activeFaults).toEqual([]);
    unit.sealed = false;
    simulate("welded-relay", true);
    unit.sealed = true;
    simulate("welded-relay", false);
    expect(hat.activeFaults).toEqual([]);
    const real = await frontOf({ real: true });
    real.simulate("nack", true);
    expect(real.hat.activeFaults).toEqual([]);
  });

  it("do nothing on a real hat, whose front is shown all the same", async () => {
    const { clock, press, target, last } = await frontOf({ real: true });
    press("b", true);
    await clock.advance(seconds(3));
    expect(target()).toBe(19);
    expect(last().room).toBeUndefined();
    expect(drawPanel(last()).screen.kind).toBe("pixels");
  });
});

describe("the messages between the processes", () => {
  it("are nothing when they are not what they should be, and never an exception", () => {
    const kind = fc.constantFrom("panel-shown", "panel-pressed", "hub-ready");
    const anything = fc.anything({ withNullPrototype: true });
    fc.assert(
      fc.property(fc.record({ kind, key: anything, down: anything, screen: anything }), (message) => {
        expect(read(guardianToHub, message)).toBeUndefined();
        const pressed = read(guardianToLoop, message);
        if (pressed?.kind === "panel-pressed") expect(typeof pressed.down).toBe("boolean");
      }),
    );
    for (const message of [undefined, null, 7, "beat", [], { kind: "panel-pressed", key: "q", down: true }])
      expect([read(guardianToHub, message), read(guardianToLoop, message)]).toEqual([undefined, undefined]);
  });

  it("are refused with any one field spoilt", async () => {
    const { last } = await frontOf();
    const whole = JSON.parse(JSON.stringify(last()));
    expect(read(guardianToHub, whole)).toEqual(JSON.parse(JSON.stringify(last())));
    const spoil = (path: readonly string[], value: unknown): unknown => {
      const copy = structuredClone(whole);
      const holder = path.slice(0, -1).reduce((at, name) => at[name], copy);
      holder[path.at(-1) ?? ""] = value;
      return copy;
    };
    const paths = Object.keys(whole)
      .flatMap((name) =>
        typeof whole[name] === "object" ? Object.keys(whole[name]).map((inner) => [name, inner]) : [[name]],
      )
      .filter((path) => path.at(-1) !== "kind");
    expect(paths.length).toBeGreaterThan(14);
    for (const path of paths)
      for (const value of [null, { a: 1 }, 1e9])
        expect([path, read(guardianToHub, spoil(path, value))]).toEqual([path, undefined]);
  });
});
