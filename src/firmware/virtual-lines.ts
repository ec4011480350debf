/**
 * Keeps the virtual hat's relay line outside the process, like a real line of sysfs: it keeps its level when
 * the firmware crashes, and the guardian and `relay off` access it in the same way as a real one.
 *
 * The files are those that sysfs would show, in a folder of the data folder; the level is written at each
 * change. On a disk that has become read-only they are not updated, which does not stop the simulation.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../base/errors.ts";
import type { GpioPort, Level, OutputLine } from "../chips/lines.ts";
import type { Wiring } from "../chips/wiring.ts";
import { isDiskFailure } from "./storage/data-folder.ts";

/** As on a Pi 4 with a current kernel: nothing may rely on a base of 0. */
const base = 512;
const lines = 54;

/** Creates the files if they are missing. A relay that was left on stays on until it is turned off. */
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

/** The same port, which also writes the relay's level to the files. */
export function mirrorRelay(port: GpioPort, sysRoot: string, wiring: Wiring): GpioPort {
  const value = join(relayFolder(sysRoot, wiring), "value");
  let known = unlessDiskFails(() => readFileSync(value, "utf8").trim()) ?? "0";
  const keep = (level: Level): void => {
    if (known === String(level)) return;
    known = String(level);
    unlessDiskFails(() => writeFileSync(value, `${level}\n`));
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

function unlessDiskFails<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    // If the folder was never created because the disk is read-only, there is no file to write.
    if (isDiskFailure(error) || errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

const relayFolder = (sysRoot: string, wiring: Pick<Wiring, "relay">): string =>
  join(sysRoot, "class", "gpio", `gpio${base + wiring.relay.line}`);
