/**
 * The hat under the drivers, from the test's side: loads the kernel module as one kind of Raspberry Pi, sets the
 * room, the faults and the buttons, and reads the lines and displays through debugfs.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { findCharChip } from "../../../src/board/kernel/chardev/chip.ts";
import { systemDevices } from "../../../src/board/kernel/chardev/devices.ts";
import { requestLine } from "../../../src/board/kernel/chardev/line.ts";
import { flags } from "../../../src/board/kernel/chardev/uapi.ts";
import type { MachineKind } from "../machine-kinds.ts";

const FOLDER = "/sys/kernel/debug/grove_rig";

export interface LineState {
  readonly direction: "in" | "out";
  readonly level: 0 | 1;
  /** By a driver, also when nothing changed. */
  readonly writes: number;
  /** By a driver, 0 to 1. */
  readonly rises: number;
  readonly held: boolean;
  /** Guest's monotonic time. */
  readonly changedMs: number;
  /** "up" or "down" as a driver was asked for; "-": it never was. */
  readonly pull: string;
}

export interface TransferCounts {
  readonly good: number;
  readonly bad: number;
  readonly bytes: number;
}

export type Fault = "nack" | "timeout" | "crc" | "bus";

export const SHT31 = 0x44;
export const OLED = 0x3c;
export const LCD = 0x3e;
export const BACKLIGHT = 0x62;

/** The genuine ones, through what the build compiled. */
export const devices = systemDevices("/app/dist/native/kernel-calls.node");

const read = (name: string): string => readFileSync(`${FOLDER}/${name}`, "utf8");
const write = (name: string, text: string): void => writeFileSync(`${FOLDER}/${name}`, text);
const rows = (text: string): string[][] => text.split("\n").flatMap((row) => (row ? [row.split(" ")] : []));

function chipRow(address: number): string[] {
  const row = rows(read("transfers")).find(([chip]) => Number(chip) === address);
  if (row === undefined) throw new Error(`the machine has no chip at ${address}`);
  return row;
}

export class Machine {
  readonly kind: MachineKind;

  private constructor(kind: MachineKind) {
    this.kind = kind;
  }

  /** A machine just switched on: 18 °C, 45 %RH, no faults, every line an input at 0. */
  static switchOn(kind: MachineKind): Machine {
    const { label, base, ngpio, decoyBase = -1, oled } = kind;
    const parameters = { label, base, ngpio, decoy_base: decoyBase, oled };
    const options = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
    execFileSync("/bin/insmod", ["/modules/grove_rig.ko", ...options]);
    // As where the kernel was built without it: nothing is left to be found.
    if (kind.gpio === "chardev") execFileSync("/bin/mount", ["-t", "tmpfs", "tmpfs", "/sys/class/gpio"]);
    return new Machine(kind);
  }

  /** One whose module was loaded before, by the system itself. */
  static switchedOn(kind: MachineKind): Machine {
    return new Machine(kind);
  }

  setAir(celsius: number, humidityPercent: number): void {
    write("air", `${Math.round(celsius * 1000)} ${Math.round(humidityPercent * 1000)}`);
  }

  /** The next `count` transfers with the chip fail so; without a count, all until `endFaults`. */
  fault(kind: Fault, address: number, count = -1): void {
    write("fault", `${kind} ${address} ${count}`);
  }

  endFaults(): void {
    write("fault", "none 0 0");
  }

  /** What the world does to an input, by BCM number. */
  input(line: number, level: 0 | 1): void {
    write("input", `${line} ${level}`);
  }

  /** What a process killed at the wrong moment leaves behind. */
  leaveOn(line: number): void {
    if (this.kind.gpio === "chardev") {
      const chip = findCharChip([this.kind.label], devices);
      const config = { flags: flags.output, level: 1 } as const;
      requestLine(chip, { line, consumer: "a dead program", config }, devices).release();
      return;
    }
    const number = this.kind.base + line;
    writeFileSync("/sys/class/gpio/export", `${number}`);
    writeFileSync(`/sys/class/gpio/gpio${number}/direction`, "high");
  }

  /** A line by BCM number; undefined: nobody ever held it. */
  line(line: number): LineState | undefined {
    return this.#lines("header").get(line);
  }

  /** Lines of somebody else's chip that were ever held. */
  strangersLines(): number[] {
    return [...this.#lines("decoy").keys()];
  }

  transfers(address: number): TransferCounts {
    const [, , good, bad, bytes] = chipRow(address);
    return { good: Number(good), bad: Number(bad), bytes: Number(bytes) };
  }

  /** Transfers that a counted fault still hits. */
  faultsLeft(address: number): number {
    return Number(chipRow(address)[6]);
  }

  /** Display RAM: 16 pages of 128 columns. */
  oledRam(): Buffer {
    return readFileSync(`${FOLDER}/oled`);
  }

  oledOn(): boolean {
    return read("displays").startsWith("oled 1");
  }

  /** Both rows of the text display; its character ROM has the degree sign at 0xdf. */
  lcdText(): string[] {
    const text = readFileSync(`${FOLDER}/displays`, "latin1").replaceAll("\xdf", "°");
    return text.split("\n").slice(2, 4);
  }

  #lines(bank: string): Map<number, LineState> {
    const own = rows(read("lines")).filter(([name]) => name === bank);
    return new Map(
      own.map(([, line, direction, level, writes, rises, held, changedMs, pull = "-"]) => [
        Number(line),
        {
          direction: direction === "out" ? "out" : "in",
          level: level === "1" ? 1 : 0,
          writes: Number(writes),
          rises: Number(rises),
          held: held === "1",
          changedMs: Number(changedMs),
          pull,
        },
      ]),
    );
  }
}
