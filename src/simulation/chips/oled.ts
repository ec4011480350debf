/**
 * Model of a page-addressed OLED, with the visible picture.
 *
 * Guarantee: memory, cursor and registers follow the datasheets (SH1107 v0.1 section "Commands", SSD1306 rev 1.1
 * section 9); unsupported bytes are collected in `refused`, for tests. Only page addressing, which the whole family
 * shares, is supported.
 */

import { uniform } from "../noise.ts";
import type { BusDevice } from "../virtual-hat/virtual-bus.ts";
import { parseControlBytes } from "./control-bytes.ts";

export interface OledFamily {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Bytes that follow a command, for those that take any. */
  readonly operands: ReadonlyMap<number, number>;
  /** The highest "column address, high nibble" command. */
  readonly lastColumnHigh: number;
  /** Segment remap and COM direction with which the module shows upright. */
  readonly upright: { readonly remapped: boolean; readonly reversed: boolean };
  readonly contrast: number;
  /** Low six bits of its status: 07h in the SH1107's datasheet, 03h as measured on an SSD1306. */
  readonly id: number;
}

/** Grove OLED 1.12" V2. */
export const sh1107: OledFamily = {
  name: "SH1107",
  width: 128,
  height: 128,
  operands: new Map([0x81, 0xa8, 0xad, 0xd3, 0xd5, 0xd9, 0xda, 0xdb, 0xdc].map((command) => [command, 1])),
  lastColumnHigh: 0x17,
  upright: { remapped: false, reversed: false },
  contrast: 0x80,
  id: 0x07,
};

/** Grove OLED 0.96" (SSD1306, SSD1308, SSD1315). */
export const ssd1306: OledFamily = {
  name: "SSD1306",
  width: 128,
  height: 64,
  operands: new Map<number, number>([
    ...[0x20, 0x81, 0x8d, 0xa8, 0xad, 0xd3, 0xd5, 0xd9, 0xda, 0xdb].map((command) => [command, 1] as const),
    ...[0x21, 0x22, 0xa3].map((command) => [command, 2] as const),
  ]),
  lastColumnHigh: 0x1f,
  upright: { remapped: true, reversed: true },
  contrast: 0x7f,
  id: 0x03,
};

export class OledModel implements BusDevice {
  readonly family: OledFamily;
  readonly #memory: Uint8Array;
  readonly #refused: number[] = [];
  #page = 0;
  #column = 0;
  #operands: number[] = [];
  /** A command that still waits for operands. They may come in a later transfer. */
  #waiting: number | undefined;
  #on = false;
  #everythingLit = false;
  #inverse = false;
  #remapped = false;
  #reversed = false;
  #contrast: number;
  #startLine = 0;
  #offset = 0;
  #lastLine: number;

  constructor(family: OledFamily) {
    this.family = family;
    this.#memory = new Uint8Array((family.width * family.height) / 8);
    this.#contrast = family.contrast;
    this.#lastLine = family.height - 1;
    this.powerUp();
  }

  get width(): number {
    return this.family.width;
  }

  get height(): number {
    return this.family.height;
  }

  /** The panel is switched on. */
  get on(): boolean {
    return this.#on;
  }

  /** 0 to 255. */
  get contrast(): number {
    return this.#contrast;
  }

  /** The newest 100 unsupported bytes: unknown commands, missing pages. */
  get refused(): readonly number[] {
    return this.#refused;
  }

  /** The state after power-on: dark, with random memory content. */
  powerUp(): void {
    const next = uniform(0x01ed);
    for (let at = 0; at < this.#memory.length; at++) this.#memory[at] = Math.floor(next() * 256);
    this.#page = 0;
    this.#column = 0;
    this.#waiting = undefined;
    this.#operands = [];
    this.#on = false;
    this.#everythingLit = false;
    this.#inverse = false;
    this.#remapped = false;
    this.#reversed = false;
    this.#contrast = this.family.contrast;
    this.#startLine = 0;
    this.#offset = 0;
    this.#lastLine = this.family.height - 1;
  }

  /** Whether a pixel of the upright module is lit: x to the right, y down. */
  lit(x: number, y: number): boolean {
    const { width, height, upright } = this.family;
    if (!this.#on || x < 0 || y < 0 || x >= width || y >= height) return false;
    const line = this.#reversed === upright.reversed ? y : height - 1 - y;
    if (line > this.#lastLine) return false;
    if (this.#everythingLit) return true;
    const column = this.#remapped === upright.remapped ? x : width - 1 - x;
    const row = (line + this.#startLine + this.#offset) % height;
    const bits = this.#memory[(row >> 3) * width + column] ?? 0;
    return ((bits >> (row & 7)) & 1) === (this.#inverse ? 0 : 1);
  }

  /** The picture as text, one character per pixel. */
  picture(): string {
    const rows = Array.from({ length: this.height }, (_, y) =>
      Array.from({ length: this.width }, (_, x) => (this.lit(x, y) ? "#" : ".")).join(""),
    );
    return rows.join("\n");
  }

  write(bytes: Uint8Array): boolean {
    const parsed = parseControlBytes(bytes);
    if (parsed === undefined) this.#refuse(bytes[0] ?? 0);
    for (const { data, value } of parsed ?? []) {
      if (data) this.#store(value);
      else this.#take(value);
    }
    return true;
  }

  /** The status byte: bit 6 means that the panel is off, the lower six are the chip id. */
  read(length: number): Uint8Array {
    return new Uint8Array(length).fill(this.family.id | (this.#on ? 0x00 : 0x40));
  }

  /** The column counts up and wraps within its page (SSD1306 10.1.3, SH1107 "Page addressing mode"). */
  #store(value: number): void {
    this.#memory[this.#page * this.width + this.#column] = value;
    this.#column = (this.#column + 1) % this.width;
  }

  #take(value: number): void {
    if (this.#waiting === undefined) {
      if (this.family.operands.has(value)) this.#waiting = value;
      else if (!this.#execute(value)) this.#refuse(value);
      return;
    }
    this.#operands.push(value);
    if (this.#operands.length < (this.family.operands.get(this.#waiting) ?? 0)) return;
    this.#configure(this.#waiting, this.#operands[0] ?? 0);
    this.#waiting = undefined;
    this.#operands = [];
  }

  #configure(command: number, operand: number): void {
    const { height } = this.family;
    if (command === 0x81) this.#contrast = operand;
    else if (command === 0xa8) this.#lastLine = operand & (height - 1);
    else if (command === 0xd3) this.#offset = operand & (height - 1);
    else if (command === 0xdc) this.#startLine = operand & (height - 1);
    // SSD1306: 0 and 1 are horizontal and vertical addressing.
    else if (command === 0x20 && (operand & 3) !== 2) this.#refuse(operand);
  }

  #execute(command: number): boolean {
    if (command <= 0x0f) this.#column = (this.#column & 0x70) | command;
    else if (command <= this.family.lastColumnHigh)
      this.#column = ((command & 0x07) << 4) | (this.#column & 0x0f);
    else if (command >= 0xb0 && command < 0xb0 + this.height / 8) this.#page = command - 0xb0;
    else if (command === 0xa0 || command === 0xa1) this.#remapped = command === 0xa1;
    else if (command === 0xa4 || command === 0xa5) this.#everythingLit = command === 0xa5;
    else if (command === 0xa6 || command === 0xa7) this.#inverse = command === 0xa7;
    else if (command === 0xae || command === 0xaf) this.#on = command === 0xaf;
    else if (command >= 0xc0 && command <= 0xcf) this.#reversed = (command & 0x08) !== 0;
    else return this.#executeOther(command);
    return true;
  }

  /** Commands of one family only, and those without an effect. */
  #executeOther(command: number): boolean {
    if (command === 0xe3) return true;
    if (this.family.height === 128) return command === 0x20;
    if (command >= 0x40 && command <= 0x7f) this.#startLine = command & 0x3f;
    // 2E stops scrolling, which has never begun.
    return command === 0x2e || (command >= 0x40 && command <= 0x7f);
  }

  #refuse(value: number): void {
    this.#refused.push(value);
    if (this.#refused.length > 100) this.#refused.shift();
  }
}
