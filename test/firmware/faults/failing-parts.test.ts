/** SR-11: from a part that really fails to the screen, the log and whoever watches the device. */
import { describe, expect, it } from "vitest";
import { celsius, millis, seconds } from "../../../src/base/units.ts";
import { openHat } from "../../../src/board/open-hat.ts";
import { LineError } from "../../../src/chips/lines.ts";
import { Device, type Observation } from "../../../src/firmware/device.ts";
import type { ReportedPart } from "../../../src/firmware/failing-parts.ts";
import { memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { StateStore } from "../../../src/firmware/storage/state-store.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { hatRig } from "../../board/hat-rig.ts";
import { FakeFace } from "../fake-face.ts";

interface Refusals {
  /** Lines that cannot be had from the start. */
  readonly refused?: readonly number[];
  readonly failing?: readonly ReportedPart[];
}

async function running({ refused = [], failing = [] }: Refusals = {}) {
  const rig = hatRig();
  for (const line of refused) rig.virtual.gpio.refuse(line, "busy");
  const broken = new Set<number>();
  const gpio: typeof rig.hardware.gpio = {
    ...rig.hardware.gpio,
    openOutput: async (line, initial) => {
      const output = await rig.hardware.gpio.openOutput(line, initial);
      const write: typeof output.write = (level) => {
        if (broken.has(line)) throw new LineError("io", "no");
        output.write(level);
      };
      return { ...output, write };
    },
  };
  const hat = await openHat({ ...rig, hardware: { ...rig.hardware, gpio } });
  let latest: Observation | undefined;
  const device = await Device.start({
    hat,
    settings: { ...defaultSettings, targetInitial: celsius(5) },
    store: new StateStore("/state.json", memoryFiles(), rig.clock),
    clock: rig.clock,
    log: rig.log,
    firmware: "1.0.0",
    failing,
    onStep: (observation) => {
      latest = observation;
    },
  });
  const pass = (s: number) => rig.clock.runUntil(millis(rig.clock.now() + seconds(s)));
  await pass(5);
  return { device, wiring: rig.wiring, broken, pass, logged: rig.logged, seen: () => latest };
}

describe("SR-11: a part that fails is shown", () => {
  it.each([
    [26, "leds-failed"],
    [22, "buttons-failed"],
  ])("line %d cannot be had: %s", async (line, fault) => {
    const { seen, logged } = await running({ refused: [line] });
    expect(seen()).toMatchObject({ activeFaults: [fault], commands: { screen: { fault } } });
    expect(logged).toContainEqual({ event: "fault-raised", fields: expect.objectContaining({ fault }) });
  });

  it("the relay's line takes no writes any more: relay-failed, until it does again", async () => {
    const { seen, broken, wiring, pass } = await running();
    expect(seen()?.activeFaults).toEqual([]);
    broken.add(wiring.relay.line);
    await pass(2);
    expect(seen()?.activeFaults).toEqual(["relay-failed"]);
    broken.clear();
    await pass(2);
    expect(seen()?.activeFaults).toEqual([]);
  });

  it("a file turned bad before the start: its fault is there from the first step", async () => {
    const { seen } = await running({ failing: ["settings", "board"] });
    expect(seen()?.activeFaults).toEqual(["settings-unreadable", "board-unreadable"]);
  });

  it("a face fails: cloud-failed, at once, until it works again, and the other faces go on", async () => {
    const { device, seen } = await running();
    const [face, other] = [new FakeFace(device), new FakeFace(device)];
    face.setFailure("no");
    expect(seen()?.activeFaults).toEqual(["cloud-failed"]);
    other.setState("online");
    expect(seen()).toMatchObject({ activeFaults: ["cloud-failed"], input: { link: "online" } });
    face.setFailure(undefined);
    expect(device.activeFaults).toEqual([]);
  });

  it("a face throws as it starts: cloud-failed, and the device goes on", async () => {
    const { device, seen, pass } = await running();
    const start = async () => {
      throw new Error("no");
    };
    await device.addFace({ start, close: async () => {}, state: "none", failure: undefined });
    await pass(5);
    expect(seen()?.activeFaults).toEqual(["cloud-failed"]);
  });

  it("faces differ in their links: the screen shows the one most in need of a person", async () => {
    const { device, seen } = await running();
    const [face, other] = [new FakeFace(device), new FakeFace(device)];
    expect(seen()?.input.link).toBe("none");
    for (const [one, two, shown] of [
      ["online", "none", "online"],
      ["online", "connecting", "connecting"],
      ["offline", "connecting", "offline"],
    ] as const) {
      face.setState(one);
      other.setState(two);
      expect(seen()?.input.link).toBe(shown);
    }
  });
});
