/**
 * The kernel's sysfs GPIO in memory, with its habits: an exported line appears late and is not ours at first,
 * `direction` sets level and direction in one step, `value` follows active_low, and a line may be taken.
 */
import type { SysFiles } from "../../../src/board/kernel/sysfs.ts";

interface Line {
  direction: "in" | "out";
  level: 0 | 1;
  activeLow: boolean;
  edge: string;
  /** Blocked-for time left before udev has handed it over, in ms. */
  udevMs: number;
}

export function errno(code: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: fake kernel`), { code });
}

export class FakeKernelGpio implements SysFiles {
  readonly lines = new Map<number, Line>();
  /** Every level that an output line had, in order. */
  readonly levels: (0 | 1)[] = [];
  blockedMs = 0;
  /** How long udev takes after an export, in ms. */
  udevMs = 0;
  exportFails: string | undefined;
  directionFails: string | undefined;
  /** The line's level stays here whatever is written. */
  stuckAt: 0 | 1 | undefined;
  readonly #chip: { label: string; base: number; ngpio: number };

  constructor(chip = { label: "pinctrl-bcm2711", base: 512, ngpio: 58 }) {
    this.#chip = chip;
  }

  add(number: number, line: Partial<Line> = {}): Line {
    const whole: Line = { direction: "in", level: 0, activeLow: false, edge: "none", udevMs: 0, ...line };
    this.lines.set(number, whole);
    return whole;
  }

  exists(path: string): boolean {
    const number = /\/gpio(\d+)$/.exec(path)?.[1];
    return number !== undefined && this.lines.has(Number(number));
  }

  list(path: string): string[] {
    if (path !== "/sys/class/gpio") throw errno("ENOENT");
    return [
      "export",
      "unexport",
      `gpiochip${this.#chip.base}`,
      ...[...this.lines.keys()].map((n) => `gpio${n}`),
    ];
  }

  read(path: string): string {
    const chip = /\/gpiochip\d+\/(label|base|ngpio)$/.exec(path)?.[1];
    if (chip !== undefined) return String(this.#chip[chip as "label" | "base" | "ngpio"]);
    const { line, attribute } = this.#find(path);
    if (attribute === "direction") return line.direction;
    if (attribute === "active_low") return line.activeLow ? "1" : "0";
    if (attribute === "edge") return line.edge;
    return String(line.activeLow ? 1 - line.level : line.level);
  }

  write(path: string, text: string): void {
    if (path.endsWith("/export")) {
      this.#export(Number(text));
      return;
    }
    if (path.endsWith("/unexport")) {
      this.lines.delete(Number(text));
      return;
    }
    const { line, attribute } = this.#find(path);
    if (line.udevMs > 0) throw errno("EACCES");
    if (attribute === "direction") {
      if (this.directionFails !== undefined) throw errno(this.directionFails);
      line.direction = text === "in" ? "in" : "out";
      if (text === "low" || text === "high") this.#drive(line, text === "low" ? 0 : 1);
    } else if (attribute === "active_low") line.activeLow = text === "1";
    else if (attribute === "edge") line.edge = text;
    else {
      if (line.direction === "in") throw errno("EPERM");
      this.#drive(line, (text === "1") !== line.activeLow ? 1 : 0);
    }
  }

  writable(path: string): boolean {
    try {
      return this.#find(path).line.udevMs <= 0;
    } catch {
      return false;
    }
  }

  /** Lets time pass, as far as udev is concerned. */
  blockFor(ms: number): void {
    this.blockedMs += ms;
    for (const line of this.lines.values()) line.udevMs -= ms;
  }

  #export(number: number): void {
    if (this.exportFails !== undefined) throw errno(this.exportFails);
    if (this.lines.has(number)) throw errno("EBUSY");
    this.add(number, { udevMs: this.udevMs });
  }

  #drive(line: Line, level: 0 | 1): void {
    line.level = this.stuckAt ?? level;
    this.levels.push(line.level);
  }

  #find(path: string): { line: Line; attribute: string } {
    const [, number, attribute] = /\/gpio(\d+)\/(\w+)$/.exec(path) ?? [];
    const line = this.lines.get(Number(number));
    if (line === undefined || attribute === undefined) throw errno("ENOENT");
    return { line, attribute };
  }
}
