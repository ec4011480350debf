/**
 * Driver of the Grove 16x2 text LCDs: JHD1802 and JHD1313, an HD44780-compatible chip (AiP31068) on I²C.
 *
 * Guarantee: after `show` resolves both lines are displayed. Only changed characters are sent; after an error the
 * display is initialized again, so it may be unplugged and plugged in. The text works without a backlight chip.
 */
import type { Clock } from "../base/clock.ts";
import { type Millis, millis } from "../base/units.ts";
import { type Backlight, findBacklight, type Rgb } from "./backlight.ts";
import type { I2cBus } from "./bus.ts";
import { BusError } from "./bus.ts";

export const jhd1802Address = 0x3e;
export const lcdColumns = 16;

/** First byte of a transfer: one command follows, or characters to its end (AiP31068 datasheet, I²C interface). */
const command = 0x80;
const characters = 0x40;

/** 8 bits, two lines, 5 × 8 dots. Also used to probe for the display, as it changes nothing. */
const functionSet = 0x38;
const displayOn = 0x0c;
const clear = 0x01;
const entryLeftToRight = 0x06;
export const lcdProbe = Uint8Array.of(command, functionSet);

/** HD44780U datasheet, figure 23 (power-on, each function set) and table 6 (clear), plus a margin for early timers. */
const powerOnTime = millis(50);
const functionSetTimes: readonly Millis[] = [millis(6), millis(2), millis(2)];
const clearTime = millis(3);

/** DDRAM addresses of the two lines. */
const lineAddress = [0x00, 0x40] as const;
/** Setting the address again costs a transfer of three bytes. */
const runOverhead = 3;
const attempts = 3;

/** Characters with another code in the ROM (A00) than in Unicode; ¥ and → have the codes of \ and ~ in ASCII. */
const romCodes: ReadonlyMap<string, number> = new Map([
  ["°", 0xdf],
  ["·", 0xa5],
  ["→", 0x7e],
  ["←", 0x7f],
]);

/** @returns the ROM's code for `character`, "?" for an unsupported one */
export function romCode(character: string): number {
  const special = romCodes.get(character);
  if (special !== undefined) return special;
  const code = character.codePointAt(0) ?? 0;
  return code >= 0x20 && code < 0x7e && character !== "\\" ? code : 0x3f;
}

export class Jhd1802 {
  readonly address: number;
  readonly #bus: I2cBus;
  readonly #clock: Clock;
  /** Displayed codes by line; undefined when unknown. */
  #shown: (readonly number[])[] | undefined;
  #backlight: Backlight | undefined;
  #colour: Rgb | undefined;

  constructor(bus: I2cBus, clock: Clock, address = jhd1802Address) {
    this.#bus = bus;
    this.#clock = clock;
    this.address = address;
  }

  /**
   * Shows two lines, each cut or filled to 16 characters.
   *
   * @param colour of the backlight, each part 0 to 255, where there is one
   * @throws BusError when the display cannot be reached; the next call starts again. Calls must not overlap.
   */
  async show(lines: readonly [string, string], colour: Rgb): Promise<void> {
    try {
      this.#shown ??= await this.#setUp();
      for (const [line, text] of lines.entries()) await this.#showLine(line, codesOf(text));
    } catch (error) {
      this.refresh();
      throw error;
    }
    await this.#light(colour);
  }

  /** Discards the known state: the next `show` initializes the display. */
  refresh(): void {
    this.#shown = undefined;
    this.#backlight = undefined;
    this.#colour = undefined;
  }

  async #setUp(): Promise<(readonly number[])[]> {
    // It may just have been powered on.
    await this.#clock.sleep(powerOnTime);
    // Three times, to synchronize a chip left in the middle of a four-bit transfer.
    for (const time of functionSetTimes) {
      await this.#command(functionSet);
      await this.#clock.sleep(time);
    }
    await this.#command(displayOn);
    await this.#command(clear);
    await this.#clock.sleep(clearTime);
    await this.#command(entryLeftToRight);
    return lineAddress.map(() => codesOf(""));
  }

  async #showLine(line: number, wanted: readonly number[]): Promise<void> {
    const held = this.#shown?.[line] ?? [];
    for (let column = 0; column < lcdColumns; column++) {
      if (held[column] === wanted[column]) continue;
      let end = column + 1;
      for (let next = end; next < lcdColumns && next - end <= runOverhead; next++) {
        if (held[next] !== wanted[next]) end = next + 1;
      }
      await this.#command(0x80 | ((lineAddress[line] ?? 0) + column));
      await this.#write(Uint8Array.of(characters, ...wanted.slice(column, end)));
      column = end;
    }
    if (this.#shown) this.#shown[line] = wanted;
  }

  /** Errors are ignored, since the text matters more; the backlight is searched again at the next change. */
  async #light(colour: Rgb): Promise<void> {
    if (this.#colour?.every((part, index) => part === colour[index])) return;
    try {
      this.#backlight ??= await findBacklight(this.#bus);
      await this.#backlight?.set(colour);
    } catch {
      this.#backlight = undefined;
    }
    this.#colour = colour;
  }

  #command(code: number): Promise<void> {
    return this.#write(Uint8Array.of(command, code));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#bus.write(this.address, bytes);
      } catch (error) {
        if (attempt === attempts || !(error instanceof BusError && error.transient)) throw error;
      }
    }
  }
}

function codesOf(text: string): readonly number[] {
  return [...text].slice(0, lcdColumns).join("").padEnd(lcdColumns).split("").map(romCode);
}
