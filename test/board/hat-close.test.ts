import { describe, expect, it } from "vitest";
import { seconds } from "../../src/base/units.ts";
import { openHat } from "../../src/board/open-hat.ts";
import { BusError } from "../../src/chips/bus.ts";
import { type GpioPort, LineError } from "../../src/chips/lines.ts";
import { hatRig, traced } from "./hat-rig.ts";

async function opened() {
  const rig = hatRig();
  const hat = await rig.clock.run(openHat(rig));
  return { ...rig, hat };
}

const never = new Promise<never>(() => {});

describe("Closing the hat (SR-01)", () => {
  it("turns the relay off first, reads it back, and then ends the rest", async () => {
    const rig = hatRig();
    const { gpio, trace } = traced(rig.hardware.gpio);
    const hat = await openHat({ ...rig, hardware: { ...rig.hardware, gpio } });
    hat.setHeater(true);
    trace.length = 0;
    await rig.clock.run(hat.close());
    expect(trace.slice(0, 2)).toEqual(["write 16 0", "read 16"]);
    expect(rig.virtual.contactClosed).toBe(false);
    await expect(rig.hardware.bus.read(0x44, 6)).rejects.toThrow(BusError);
  });

  it("reports no release of a button that is still held down", async () => {
    const { hat, virtual, clock } = await opened();
    const edges: unknown[] = [];
    hat.onButton((edge) => edges.push(edge));
    virtual.hold("a");
    expect(edges).toHaveLength(1);
    await clock.run(hat.close());
    expect(edges).toHaveLength(1);
  });

  it("turns the relay off even if every other close throws, and logs each", async () => {
    const rig = hatRig();
    const broken = () => {
      throw new LineError("io", "broken");
    };
    const gpio: GpioPort = {
      openOutput: async (line, initial) => ({
        ...(await rig.hardware.gpio.openOutput(line, initial)),
        close: broken,
      }),
      openInput: async (line) => ({ ...(await rig.hardware.gpio.openInput(line)), close: broken }),
      close: broken,
    };
    const bus = { ...rig.hardware.bus, close: () => Promise.reject(new BusError("io", "broken")) };
    const hat = await openHat({ ...rig, hardware: { bus, gpio } });
    hat.setHeater(true);
    await rig.clock.run(hat.close());
    expect(rig.virtual.contactClosed).toBe(false);
    const parts = rig.logged
      .filter(({ event }) => event === "close-failed")
      .map(({ fields }) => fields?.["part"]);
    expect(parts).toEqual(["lines", "gpio", "i2c"]);
  });

  it("waits no longer than 3 s for a bus that hangs", async () => {
    const rig = hatRig();
    const hat = await openHat({
      ...rig,
      hardware: { ...rig.hardware, bus: { ...rig.hardware.bus, close: () => never } },
    });
    hat.setHeater(true);
    const closing = hat.close();
    expect(rig.virtual.contactClosed).toBe(false);
    await rig.clock.run(closing);
    expect(rig.clock.now()).toBe(3000);
  });

  it("says so when the relay does not read off", async () => {
    const { hat, virtual, clock } = await opened();
    hat.setHeater(true);
    virtual.gpio.stick(16, 1);
    const closing = expect(hat.close()).rejects.toMatchObject({ code: "io" });
    await clock.run(closing);
  });

  it("cannot be undone by a late command, even where closed lines can still be written", async () => {
    const rig = hatRig();
    const gpio: GpioPort = {
      openOutput: async (line, initial) => ({
        ...(await rig.hardware.gpio.openOutput(line, initial)),
        close: () => {},
      }),
      openInput: (line) => rig.hardware.gpio.openInput(line),
      close: () => {},
    };
    const hat = await openHat({ ...rig, hardware: { ...rig.hardware, gpio } });
    const closing = hat.close();
    hat.setHeater(true);
    await rig.clock.run(closing);
    hat.setHeater(true);
    expect(rig.virtual.contactClosed).toBe(false);
  });

  it("leaves no timer behind, in virtual time or in the process, even with a button held down", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const { hat, virtual, clock } = await opened();
    virtual.hold("a");
    expect(timers()).toBeGreaterThan(before);
    await clock.run(hat.close());
    // The first measurement was under way: its own waits are short and bounded.
    await clock.advance(seconds(1));
    expect(clock.pendingTimers).toBe(0);
    // johnny-five's debounce ends by itself after 7 ms; its hold timer would run for 24 days.
    await expect.poll(timers).toBeLessThanOrEqual(before);
  });
});
