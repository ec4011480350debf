/**
 * Model of a 16x2 character display with a JHD1802 (HD44780 with I²C).
 *
 * Guarantee: as on the real one, a byte sent while the controller is busy is lost (and counted); nothing is shown before
 * the display is switched on, nor on the second line before two lines are configured.
 */
import type { Clock } from "../../base/clock.ts";
import type { BusDevice } from "../virtual-hat/virtual-bus.ts";
import { parseControlBytes } from "./control-bytes.ts";

/** Clear and home take 1.53 ms (HD44780U table 6); other commands are finished before the next byte arrives. */
const slowCommandMs = 1.53;
const columns = 16;
const lineStart = [0x00, 0x40] as const;
const memorySize = 0x68;
const space = 0x20;

/** Characters of ROM A00 that differ from ASCII. */
const romCharacters = new Map([
  [0x5c, "¥"],
  [0x7e, "→"],
  [0x7f, "←"],
  [0xdf, "°"],
  [0xff, "█"],
]);

export class LcdModel implements BusDevice {
  readonly #clock: Clock;
  readonly #memory = new Uint8Array(memorySize);
  #cursor = 0;
  #step = 1;
  #on = false;
  #twoLines = false;
  /** Data is written to the character generator instead of the text. */
  #definesCharacters = false;
  #busyUntil = Number.NEGATIVE_INFINITY;
  #lost = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.powerUp();
  }

  get on(): boolean {
    return this.#on;
  }

  /** Number of bytes lost because the controller was busy, or invalid. */
  get lost(): number {
    return this.#lost;
  }

  /** The two visible lines of 16 characters. */
  get text(): readonly [string, string] {
    return [this.#line(0), this.#line(1)];
  }

  powerUp(): void {
    this.#memory.fill(space);
    this.#cursor = 0;
    this.#step = 1;
    this.#on = false;
    this.#twoLines = false;
    this.#definesCharacters = false;
    this.#busyUntil = Number.NEGATIVE_INFINITY;
  }

  write(bytes: Uint8Array): boolean {
    const parsed = parseControlBytes(bytes);
    if (parsed === undefined) this.#lost += bytes.length;
    for (const { data, value } of parsed ?? []) {
      if (this.#clock.now() < this.#busyUntil) this.#lost++;
      else if (data) this.#store(value);
      else this.#execute(value);
    }
    return true;
  }

  /** Busy flag and cursor. */
  read(length: number): Uint8Array {
    const busy = this.#clock.now() < this.#busyUntil ? 0x80 : 0;
    return new Uint8Array(length).fill(busy | this.#cursor);
  }

  #store(value: number): void {
    if (this.#definesCharacters) return;
    this.#memory[this.#cursor] = value;
    this.#cursor += this.#step;
    // The 40 addresses of each line are followed by those of the other.
    if (this.#cursor === 0x28) this.#cursor = 0x40;
    else if (this.#cursor === memorySize) this.#cursor = 0x00;
    else if (this.#cursor === 0x3f) this.#cursor = 0x27;
    else if (this.#cursor < 0) this.#cursor = memorySize - 1;
  }

  /** The highest bit set selects the command (HD44780U table 6). */
  #execute(command: number): void {
    if (command >= 0x80) this.#moveTo(command & 0x7f);
    else if (command >= 0x40) this.#definesCharacters = true;
    else if (command >= 0x20) this.#twoLines = (command & 0x08) !== 0;
    else if (command >= 0x10) this.#cursor = Math.max(0, this.#cursor + (command & 0x04 ? 1 : -1));
    else if (command >= 0x08) this.#on = (command & 0x04) !== 0;
    else if (command >= 0x04) this.#step = command & 0x02 ? 1 : -1;
    else if (command !== 0) this.#clearOrHome(command);
  }

  #clearOrHome(command: number): void {
    if (command === 0x01) {
      this.#memory.fill(space);
      this.#step = 1;
    }
    this.#moveTo(0);
    this.#busyUntil = this.#clock.now() + slowCommandMs;
  }

  #moveTo(place: number): void {
    this.#cursor = place < memorySize ? place : 0;
    this.#definesCharacters = false;
  }

  #line(index: 0 | 1): string {
    if (!this.#on || (index === 1 && !this.#twoLines)) return " ".repeat(columns);
    const start = lineStart[index];
    return Array.from(this.#memory.subarray(start, start + columns), character).join("");
  }
}

/** Codes 0 to 15 are the eight user-defined characters; shown as ¤. */
function character(code: number): string {
  if (code < 0x10) return "¤";
  return romCharacters.get(code) ?? (code >= space && code < 0x7e ? String.fromCharCode(code) : "?");
}
