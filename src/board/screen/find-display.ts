/**
 * Finds the display that is plugged in, by asking.
 *
 * Guarantee: nothing is sent that could disturb another display: no operation to an OLED, the mode that it is set
 * to anyway to a text LCD. A display that is absent is no error.
 *
 * An SH1107 reads back 07h in the low six bits of its status (SH1107 datasheet, command 22). The SSD13xx leave
 * those bits undefined; 03h, 04h and 06h have been seen in the field. Whatever else comes back, or nothing, leaves
 * the usual module at the address: the Grove 1.12" (128 × 128) at 0x3C, the Grove 0.96" (128 × 64) at 0x3D. Where
 * that guess is wrong, the setting `display` says what it is.
 */
import { BusError, type I2cBus } from "../../chips/bus.ts";
import { jhd1802Address, lcdProbe } from "../../chips/jhd1802.ts";
import { oledNop } from "../../chips/oled.ts";
import type { Clock } from "../../control/clock.ts";
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

/**
 * @returns the first display that answers: OLED before LCD, undefined when none does
 * @throws BusError (as a rejection) when none answers and the bus itself is the reason: absent, denied, busy
 */
export async function findDisplay(
  bus: I2cBus,
  clock: Clock,
  options: FindDisplayOptions = {},
): Promise<Display | undefined> {
  let obstacle: BusError | undefined;
  for (const candidate of candidates(options)) {
    const answer = await answers(bus, candidate.address, candidate.lcd ? lcdProbe : oledNop);
    if (answer instanceof BusError) obstacle ??= answer;
    if (answer !== true) continue;
    if (candidate.lcd) return createLcdDisplay(bus, clock, candidate.address);
    const kind = options.kind === "lcd-16x2" ? undefined : options.kind;
    return createOledDisplay(bus, clock, candidate.address, kind ?? (await identify(bus, candidate.address)));
  }
  if (obstacle) throw obstacle;
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

async function identify(bus: I2cBus, address: number): Promise<"oled-128x128" | "oled-128x64"> {
  const usual = address === oledAddresses[0] ? "oled-128x128" : "oled-128x64";
  try {
    const [status = 0] = await bus.read(address, 1);
    const id = status & 0x3f;
    if (id === 0x07) return "oled-128x128";
    return id === 0x03 || id === 0x04 || id === 0x06 ? "oled-128x64" : usual;
  } catch {
    return usual;
  }
}
