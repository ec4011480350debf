/**
 * Gives the virtual hat's relay line a life of its own, outside the process, as a real sysfs line has: it keeps
 * its level when the firmware crashes, and the guardian and `relay off` reach it by the same path as a real one.
 *
 * The files are those that sysfs would show, in a folder of the data folder; the level is written as it changes. On a
 * disk that went read-only they stay behind: that ends no simulation, as it would end no real line.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../base/errors.ts";
import type { GpioPort, Level, OutputLine } from "../chips/lines.ts";
import type { Wiring } from "../chips/wiring.ts";
import { isDiskFailure } from "./storage/data-folder.ts";

/** As on a Pi 4 with a kernel of today: nothing may rely on a base of zero. */
const base = 512;
const lines = 54;

/** Makes the tree when it is not there; a relay left on in it stays on until somebody turns it off. */
export function ensureVirtualSysfs(sysRoot: string, wiring: Pick<Wiring, "relay" | "gpioChipLabels">): void {
  const chip = join(sysRoot, "class", "gpio", `gpiochip${base}`);
  const line = relayFolder(sysRoot, wiring);
  mkdirSync(chip, { recursive: true });
  mkdirSync(line, { recursive: true });
  for (const [file, text] of [
    [join(sysRoot, "class", "gpio", "export"), ""],
    [join(chip, "label"), wiring.gpioChipLabels[0] ?? "virtual"],
    [join(chip, "base"), String(base)],
    [join(chip, "ngpio"), String(lines)],
    [join(line, "direction"), "in"],
    [join(line, "active_low"), "0"],
    [join(line, "value"), "0"],
  ] as const) {
    try {
      writeFileSync(file, `${text}\n`, { flag: "wx" });
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
  }
}

/** The same port, with the relay's level kept in the files too. */
export function mirrorRelay(port: GpioPort, sysRoot: string, wiring: Wiring): GpioPort {
  const value = join(relayFolder(sysRoot, wiring), "value");
  let known = unlessSick(() => readFileSync(value, "utf8").trim()) ?? "0";
  const keep = (level: Level): void => {
    if (known === String(level)) return;
    known = String(level);
    unlessSick(() => writeFileSync(value, `${level}\n`));
  };
  return {
    async openOutput(line, initial): Promise<OutputLine> {
      const output = await port.openOutput(line, initial);
      if (line !== wiring.relay.line) return output;
      keep(initial);
      return {
        write(level) {
          output.write(level);
          keep(level);
        },
        read: () => output.read(),
        close: () => output.close(),
      };
    },
    openInput: (line) => port.openInput(line),
    close: () => port.close(),
  };
}

function unlessSick<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    // Without the folder from before the disk went bad, there is no file either.
    if (isDiskFailure(error) || errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

const relayFolder = (sysRoot: string, wiring: Pick<Wiring, "relay">): string =>
  join(sysRoot, "class", "gpio", `gpio${base + wiring.relay.line}`);
