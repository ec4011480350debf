/**
 * Finds the display that is plugged in, by asking.
 *
 * Guarantee: nothing is sent that could disturb another display: no operation to an OLED, the mode that it is set
 * to anyway to a text LCD. A display that is absent is no error.
 *
 * An OLED is one of ours only if it says so. An SH1107 reads back 07h in the low six bits of its status (SH1107
 * datasheet, command 22). The SSD1306 and its like leave those bits undefined; 03h, 04h and 06h have been seen in the
 * field. An SSD1327, at the same address, leaves them undefined too and takes neither's pictures. So every other
 * answer, or none, is an unknown display, never a guess: the setting `display` says what it is. A text LCD cannot be
 * asked anything; what acknowledges at its address is taken for one.
 */

import type { Clock } from "../../base/clock.ts";
import { BusError, type I2cBus } from "../../chips/bus.ts";
import { jhd1802Address, lcdProbe } from "../../chips/jhd1802.ts";
import { oledNop } from "../../chips/oled.ts";
import type { Display, DisplayKind } from "./display.ts";
import { createLcdDisplay } from "./lcd-display.ts";
import { createOledDisplay } from "./oled-display.ts";

export interface FindDisplayOptions {
  /** Look only here. */
  readonly address?: number;
  /** What it is, where that cannot be seen or is seen wrongly. */
  readonly kind?: DisplayKind;
}

const oledAddresses = [0x3c, 0x3d] as const;
const attempts = 3;

/** Something answers at a display's address and is none that this firmware knows. */
export class UnknownDisplayError extends Error {
  /** 7-bit I²C address. */
  readonly address: number;
  constructor(address: number, status: number | undefined) {
    const seen = status === undefined ? "it gives no status" : `status ${hex(status)}`;
    super(
      `the display at ${hex(address)} is of an unknown kind (${seen}): ` +
        'if it is an SH1107 (128x128) or SSD1306 (128x64), name it by the setting "display"',
    );
    this.name = "UnknownDisplayError";
    this.address = address;
  }
}

/**
 * @returns the first known display that answers: OLED before LCD, undefined when none does
 * @throws UnknownDisplayError (as a rejection) when only an unknown one answers; BusError when none does and the bus
 *   itself is the reason: absent, denied, busy
 */
export async function findDisplay(
  bus: I2cBus,
  clock: Clock,
  options: FindDisplayOptions = {},
): Promise<Display | undefined> {
  let obstacle: BusError | undefined;
  let unknown: UnknownDisplayError | undefined;
  for (const candidate of candidates(options)) {
    const answer = await answers(bus, candidate.address, candidate.lcd ? lcdProbe : oledNop);
    if (answer instanceof BusError) obstacle ??= answer;
    if (answer !== true) continue;
    if (candidate.lcd) return createLcdDisplay(bus, clock, candidate.address);
    const named = options.kind === "lcd-16x2" ? undefined : options.kind;
    const kind = named ?? (await identify(bus, candidate.address));
    if (!(kind instanceof UnknownDisplayError)) return createOledDisplay(bus, clock, candidate.address, kind);
    unknown ??= kind;
  }
  if (unknown ?? obstacle) throw unknown ?? obstacle;
  return undefined;
}

function candidates({ address, kind }: FindDisplayOptions): { address: number; lcd: boolean }[] {
  if (address !== undefined) {
    return [{ address, lcd: kind ? kind === "lcd-16x2" : address === jhd1802Address }];
  }
  const oleds = kind === "lcd-16x2" ? [] : oledAddresses.map((at) => ({ address: at, lcd: false }));
  const lcds = kind && kind !== "lcd-16x2" ? [] : [{ address: jhd1802Address, lcd: true }];
  return [...oleds, ...lcds];
}

/** @returns whether somebody is there, or why that cannot be told. */
async function answers(bus: I2cBus, address: number, probe: Uint8Array): Promise<boolean | BusError> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      await bus.write(address, probe);
      return true;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      if (!error.transient) return error;
    }
  }
  return false;
}

async function identify(
  bus: I2cBus,
  address: number,
): Promise<"oled-128x128" | "oled-128x64" | UnknownDisplayError> {
  const status = await readStatus(bus, address);
  const id = status === undefined ? undefined : status & 0x3f;
  if (id === 0x07) return "oled-128x128";
  if (id === 0x03 || id === 0x04 || id === 0x06) return "oled-128x64";
  return new UnknownDisplayError(address, status);
}

/** @returns `undefined` when it gives none */
async function readStatus(bus: I2cBus, address: number): Promise<number | undefined> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      return (await bus.read(address, 1))[0];
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
    }
  }
  return undefined;
}

const hex = (value: number): string => `0x${value.toString(16).padStart(2, "0")}`;
