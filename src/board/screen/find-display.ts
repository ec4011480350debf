/**
 * Finds the connected display.
 *
 * Guarantee: sends only commands that cannot disturb another display: a no-operation to an OLED, the usual mode to a
 * text LCD. A missing display is not an error.
 *
 * An OLED is identified by the low six bits of its status. An SSD1327, at the same address, leaves them undefined and
 * is not compatible. So an OLED with another status, or without one, is an unknown display, for which the setting
 * `display` is needed. A text LCD cannot be identified; a chip that acknowledges at its address counts as one.
 */

import type { Clock } from "../../base/clock.ts";
import { BusError, type I2cBus } from "../../chips/bus.ts";
import { type DisplayKind, displayKinds } from "../../model/displays.ts";
import type { Display } from "./display.ts";
import { type DisplayRow, displayRows } from "./displays.ts";

export interface FindDisplayOptions {
  /** Search only this address. */
  readonly address?: number;
  /** The kind of display, when it cannot be identified. */
  readonly kind?: DisplayKind;
}

const attempts = 3;

const oledKinds = displayKinds.filter((kind) => displayRows[kind].ids !== undefined);

/** A chip at a display's address is of an unknown kind. */
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

/** The candidates at each address, in the order of the table. */
function candidates({ address, kind }: FindDisplayOptions): ReadonlyMap<number, Rows> {
  const found = new Map<number, Rows>();
  for (const row of kind === undefined ? Object.values(displayRows) : [displayRows[kind]]) {
    for (const at of row.addresses) found.set(at, [...(found.get(at) ?? []), row] as unknown as Rows);
  }
  const [first] = found.values();
  if (address === undefined || first === undefined) return found;
  // A configured kind may be at any address.
  const rows = found.get(address) ?? (kind === undefined ? undefined : first);
  return new Map(rows && [[address, rows]]);
}

/** @returns whether a chip acknowledges, or the error that prevents the check */
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

/** @returns `undefined` without a status */
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
