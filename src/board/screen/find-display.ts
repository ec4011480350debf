/**
 * Finds the display that is plugged in, by asking.
 *
 * Guarantee: nothing is sent that could disturb another display: no operation to an OLED, the mode that it is set
 * to anyway to a text LCD. A display that is absent is no error.
 *
 * An OLED is one of ours only if it says so, by the low six bits of its status. An SSD1327, at the same address, leaves
 * them undefined and takes nobody else's pictures. So every answer that no row has, or none, is an unknown display,
 * never a guess: the setting `display` says what it is. A text LCD cannot be asked anything; what acknowledges at its
 * address is taken for one.
 */

import type { Clock } from "../../base/clock.ts";
import { BusError, type I2cBus } from "../../chips/bus.ts";
import { type DisplayKind, displayKinds } from "../../model/displays.ts";
import type { Display } from "./display.ts";
import { type DisplayRow, displayRows } from "./displays.ts";

export interface FindDisplayOptions {
  /** Look only here. */
  readonly address?: number;
  /** What it is, where that cannot be seen or is seen wrongly. */
  readonly kind?: DisplayKind;
}

const attempts = 3;

const oledKinds = displayKinds.filter((kind) => displayRows[kind].ids !== undefined);

/** Something answers at a display's address and is none that this firmware knows. */
export class UnknownDisplayError extends Error {
  /** 7-bit I²C address. */
  readonly address: number;
  constructor(address: number, status: number | undefined) {
    const seen = status === undefined ? "it gives no status" : `status ${hex(status)}`;
    super(
      `the display at ${hex(address)} is of an unknown kind (${seen}): ` +
        `if it is one of ${oledKinds.join(", ")}, name it by the setting "display"`,
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
  for (const [address, rows] of candidates(options)) {
    const answer = await answers(bus, address, rows[0].probe);
    if (answer instanceof BusError) obstacle ??= answer;
    if (answer !== true) continue;
    const row = options.kind === undefined ? await identify(bus, address, rows) : rows[0];
    if (!(row instanceof UnknownDisplayError)) return row.open(bus, clock, address);
    unknown ??= row;
  }
  if (unknown ?? obstacle) throw unknown ?? obstacle;
  return undefined;
}

type Rows = readonly [DisplayRow, ...DisplayRow[]];

/** What may be at each address, in the order of the table. */
function candidates({ address, kind }: FindDisplayOptions): ReadonlyMap<number, Rows> {
  const found = new Map<number, Rows>();
  for (const row of kind === undefined ? Object.values(displayRows) : [displayRows[kind]]) {
    for (const at of row.addresses) found.set(at, [...(found.get(at) ?? []), row] as unknown as Rows);
  }
  const [first] = found.values();
  if (address === undefined || first === undefined) return found;
  // Named, it may be anywhere.
  const rows = found.get(address) ?? (kind === undefined ? undefined : first);
  return new Map(rows && [[address, rows]]);
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

async function identify(bus: I2cBus, address: number, rows: Rows): Promise<DisplayRow | UnknownDisplayError> {
  if (rows[0].ids === undefined) return rows[0];
  const status = await readStatus(bus, address);
  const known = status === undefined ? undefined : rows.find(({ ids }) => ids?.includes(status & 0x3f));
  return known ?? new UnknownDisplayError(address, status);
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
