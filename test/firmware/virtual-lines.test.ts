import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GpioPort, Level } from "../../src/chips/lines.ts";
import type { Wiring } from "../../src/chips/wiring.ts";
import { ensureVirtualSysfs, mirrorRelay } from "../../src/firmware/virtual-lines.ts";

const wiring = { relay: { line: 16 }, gpioChipLabels: ["virtual-chip"] } as unknown as Wiring;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "virtual-lines-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const gpio = (...path: string[]): string => join(root, "class", "gpio", ...path);
const value = (): string => readFileSync(gpio("gpio528", "value"), "utf8");

/** Lines that keep what is written to them. */
function port(): GpioPort {
  return {
    async openOutput(_line, initial) {
      let level: Level = initial;
      return {
        write: (to) => {
          level = to;
        },
        read: () => level,
        close() {},
      };
    },
    openInput: () => Promise.reject(new Error("no inputs here")),
    close() {},
  };
}

describe("the files of the virtual hat", () => {
  it("show a chip and the relay's line, off, as sysfs would", () => {
    ensureVirtualSysfs(root, wiring);
    expect(readFileSync(gpio("gpiochip512", "label"), "utf8")).toBe("virtual-chip\n");
    expect(readFileSync(gpio("gpiochip512", "base"), "utf8")).toBe("512\n");
    expect(value()).toBe("0\n");
  });

  it("stay as they are when they are there: a relay that was left on is on", () => {
    ensureVirtualSysfs(root, wiring);
    writeFileSync(gpio("gpio528", "value"), "1\n");
    ensureVirtualSysfs(root, wiring);
    expect(value()).toBe("1\n");
  });

  it("follow the relay's level, each change written once, and no other line", async () => {
    ensureVirtualSysfs(root, wiring);
    const mirrored = mirrorRelay(port(), root, wiring);
    const other = await mirrored.openOutput(5, 1);
    other.write(1);
    expect(value()).toBe("0\n");
    const relay = await mirrored.openOutput(16, 0);
    relay.write(1);
    expect([relay.read(), value()]).toEqual([1, "1\n"]);
    // Each write of a file wears a memory card.
    utimesSync(gpio("gpio528", "value"), 1000, 1000);
    relay.write(1);
    expect(statSync(gpio("gpio528", "value")).mtimeMs).toBe(1_000_000);
    relay.write(0);
    expect([relay.read(), value()]).toEqual([0, "0\n"]);
  });

  it("are brought to the level at which the relay is opened", async () => {
    ensureVirtualSysfs(root, wiring);
    writeFileSync(gpio("gpio528", "value"), "1\n");
    await mirrorRelay(port(), root, wiring).openOutput(16, 0);
    expect(value()).toBe("0\n");
  });

  it("may be gone: the line works without them", async () => {
    const relay = await mirrorRelay(port(), join(root, "none"), wiring).openOutput(16, 0);
    relay.write(1);
    expect(relay.read()).toBe(1);
  });
});
