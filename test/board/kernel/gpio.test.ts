import { describe, expect, it } from "vitest";
import { millis } from "../../../src/base/units.ts";
import { type OnoffGpio, type OnoffPackage, openKernelGpio } from "../../../src/board/kernel/gpio.ts";
import { type EdgeTime, type Level, LineError } from "../../../src/chips/lines.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { failureOf } from "./failure-of.ts";
import { errno, FakeKernelGpio } from "./fake-gpio.ts";

/** onoff over the fake kernel, with its habit of passing over failures on a line exported before. */
function fakeOnoff(kernel: FakeKernelGpio) {
  const watchers = new Map<number, (error: Error | null, level: Level) => void>();
  class Gpio implements OnoffGpio {
    readonly #root: string;
    readonly #number: number;
    constructor(number: number, direction: string, edge: string, { activeLow }: { activeLow?: boolean }) {
      this.#number = number;
      this.#root = `/sys/class/gpio/gpio${number}`;
      this.#quietly("active_low", activeLow ? "1" : "0");
      this.#quietly("direction", direction);
      if (direction === "in") this.#quietly("edge", edge);
    }
    #quietly(attribute: string, text: string): void {
      try {
        kernel.write(`${this.#root}/${attribute}`, text);
      } catch {
        // As onoff does.
      }
    }
    readSync = (): Level => (kernel.read(`${this.#root}/value`) === "1" ? 1 : 0);
    writeSync = (value: Level): void => kernel.write(`${this.#root}/value`, String(value));
    watch(listener: (error: Error | null, level: Level) => void): void {
      watchers.set(this.#number, listener);
    }
    unwatchAll(): void {
      watchers.delete(this.#number);
    }
    direction = (): string => kernel.read(`${this.#root}/direction`);
    edge = (): string => kernel.read(`${this.#root}/edge`);
    activeLow = (): boolean => kernel.read(`${this.#root}/active_low`) === "1";
    unexport(): void {
      this.unwatchAll();
      kernel.write("/sys/class/gpio/unexport", String(this.#number));
    }
  }
  return { onoff: { Gpio } satisfies OnoffPackage, watchers };
}

async function opened(kernel = new FakeKernelGpio()) {
  const { onoff, watchers } = fakeOnoff(kernel);
  const clock = new VirtualClock();
  const loop = { busy: 0 };
  const idle = () => clock.now() - loop.busy;
  const files = kernel;
  const port = await openKernelGpio(["pinctrl-bcm2711"], { clock, files, load: async () => onoff, idle });
  return { port, kernel, watchers, clock, loop };
}

/** A button's line at 0, a relay that is read once a second as the steps do, and every edge that was told. */
async function withButton() {
  const { port, kernel, watchers, clock, loop } = await opened();
  kernel.add(529, { level: 0 });
  const relay = await port.openOutput(16, 0);
  const button = await port.openInput(17);
  const told: [Level, EdgeTime][] = [];
  button.onChange((level, time) => told.push([level, time]));
  const step = async () => {
    relay.read();
    await clock.advance(millis(1000));
  };
  /** The loop computes for so long, and then takes a step, before it hears of anything else. */
  const stall = async (ms: number) => {
    relay.read();
    await clock.advance(millis(ms));
    loop.busy += ms;
    relay.read();
  };
  const event = (level: Level) => watchers.get(529)?.(null, level);
  await step();
  return { clock, told, step, stall, event, relay };
}

describe("The kernel's GPIO", () => {
  it("opens an output at its initial level, by the kernel's number", async () => {
    const { port, kernel } = await opened();
    const line = await port.openOutput(16, 1);
    expect(kernel.lines.get(528)).toMatchObject({ direction: "out", level: 1 });
    expect(kernel.levels).toEqual([1]);
    line.write(0);
    expect(line.read()).toBe(0);
  });

  it("turns a line that a crashed process left on to its initial level at once", async () => {
    const kernel = new FakeKernelGpio();
    kernel.add(528, { direction: "out", level: 1 });
    const { port } = await opened(kernel);
    await port.openOutput(16, 0);
    expect(kernel.levels).toEqual([0]);
  });

  it("refuses an output that does not read back at its initial level", async () => {
    const kernel = new FakeKernelGpio();
    kernel.stuckAt = 1;
    const { port } = await opened(kernel);
    expect((await failureOf(port.openOutput(16, 0))).code).toBe("io");
  });

  it("notices what onoff passes over on a line exported before", async () => {
    const kernel = new FakeKernelGpio();
    kernel.add(528, { direction: "in" });
    kernel.directionFails = "EIO";
    const { port } = await opened(kernel);
    expect((await failureOf(port.openOutput(16, 0))).code).toBe("io");
  });

  it("waits for udev without blocking the thread", async () => {
    const kernel = new FakeKernelGpio();
    kernel.udevMs = 1000;
    const { port, clock } = await opened(kernel);
    const opening = port.openOutput(16, 0);
    await clock.settle();
    kernel.blockFor(1000);
    await clock.run(opening);
    expect(clock.now()).toBe(20);
  });

  it("gives up on udev after 2 s and says which group to join", async () => {
    const kernel = new FakeKernelGpio();
    kernel.udevMs = 60_000;
    const { port, clock } = await opened(kernel);
    const failure = failureOf(port.openOutput(16, 0));
    const error = await clock.run(failure);
    expect(error.code).toBe("denied");
    expect(error.message).toContain("after 2 s");
    expect(error.message).toContain("usermod -aG gpio");
    expect(clock.now()).toBe(2000);
  });

  it.each([
    ["EBUSY", "busy"],
    ["EACCES", "denied"],
    ["EINVAL", "absent"],
    ["EIO", "io"],
  ])("maps %s at the export to LineError %s", async (code, expected) => {
    const kernel = new FakeKernelGpio();
    kernel.exportFails = code;
    const { port } = await opened(kernel);
    expect((await failureOf(port.openOutput(16, 0))).code).toBe(expected);
  });

  it("reports an input's level changes, each once, until told to stop", async () => {
    const { port, kernel, watchers } = await opened();
    kernel.add(529, { level: 1 });
    const line = await port.openInput(17);
    const seen: Level[] = [];
    const end = line.onChange((level) => seen.push(level));
    for (const level of [1, 0, 0, 1] as const) watchers.get(529)?.(null, level);
    end();
    watchers.get(529)?.(null, 0);
    expect(seen).toEqual([0, 1]);
  });

  it("tells an edge that it saw at once by the time of it", async () => {
    const { clock, told, event } = await withButton();
    event(1);
    await clock.advance(millis(120));
    event(0);
    expect(told).toEqual([
      [1, { earliestMs: 1000, latestMs: 1000 }],
      [0, { earliestMs: 1120, latestMs: 1120 }],
    ]);
  });

  it("tells of an edge during a stall between which times it happened, not later than the edge before", async () => {
    const { clock, told, event, stall } = await withButton();
    await stall(3000);
    event(1);
    await clock.advance(millis(200));
    await stall(5000);
    event(0);
    expect(told).toEqual([
      [1, { earliestMs: 1000, latestMs: 4000 }],
      [0, { earliestMs: 4200, latestMs: 9200 }],
    ]);
  });

  it("loses no press that began and ended while the loop stood still (SR-11), and makes it no hold", async () => {
    const { told, event, stall } = await withButton();
    await stall(3000);
    event(0);
    expect(told).toEqual([
      [1, { earliestMs: 3980, latestMs: 3980 }],
      [0, { earliestMs: 4000, latestMs: 4000 }],
    ]);
    // Contacts that bounce after it are no second press.
    event(0);
    expect(told).toHaveLength(2);
  });

  it("takes a stopped process for a stall, although it was not computing", async () => {
    const { told, event, relay, clock } = await withButton();
    relay.read();
    await clock.advance(millis(30_000));
    relay.read();
    event(0);
    expect(told.map(([level]) => level)).toEqual([1, 0]);
  });

  it("takes a bounce while the loop runs for none", async () => {
    const { told, event, step } = await withButton();
    for (let second = 0; second < 5; second++) {
      event(0);
      await step();
    }
    expect(told).toEqual([]);
  });

  it("takes nothing for a press that waited while the firmware was loading", async () => {
    const { port, kernel, watchers, clock, loop } = await opened();
    kernel.add(529, { level: 0 });
    const relay = await port.openOutput(16, 0);
    relay.read();
    const told: Level[] = [];
    (await port.openInput(17)).onChange((level) => told.push(level));
    await clock.advance(millis(800));
    loop.busy += 800;
    watchers.get(529)?.(null, 0);
    expect(told).toEqual([]);
  });

  it("refuses an input whose edges are switched off, and names the overlay", async () => {
    const kernel = new FakeKernelGpio();
    const line = kernel.add(529);
    Object.defineProperty(line, "edge", { get: () => "none", set: () => {} });
    const { port } = await opened(kernel);
    expect((await failureOf(port.openInput(17))).message).toContain("gpio-no-irq");
  });

  it("opens a line once at a time", async () => {
    const { port } = await opened();
    await port.openOutput(16, 0);
    expect((await failureOf(port.openOutput(16, 0))).code).toBe("busy");
  });

  it("gives inputs back when closed, and leaves outputs driven", async () => {
    const { port, kernel } = await opened();
    await port.openOutput(16, 0);
    await port.openInput(17);
    port.close();
    expect([...kernel.lines.keys()]).toEqual([528]);
  });

  it("takes no write to an output that was closed, and opens it again at the level of then", async () => {
    const { port, kernel } = await opened();
    const line = await port.openOutput(16, 0);
    line.close();
    expect(() => line.write(1)).toThrow(LineError);
    await port.openOutput(16, 1);
    expect(kernel.levels).toEqual([0, 1]);
  });

  it("says how to build the package when it is missing", async () => {
    const load = () => Promise.reject(errno("ERR_MODULE_NOT_FOUND"));
    const kernel = new FakeKernelGpio();
    const error = await failureOf(
      openKernelGpio(["pinctrl-bcm2711"], { clock: new VirtualClock(), files: kernel, load }),
    );
    expect(error.code).toBe("no-driver");
    expect(error.message).toContain("npm rebuild epoll");
  });
});
