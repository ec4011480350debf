/** Helpers to write the rows of the tables. */
import type { CloudUnit } from "./cloud-schema.ts";

export interface Named {
  /** Shown beside the value. */
  readonly label: string;
  /** One sentence. */
  readonly doc: string;
}

type Range = readonly [min: number, max: number];

export const real = <const U extends CloudUnit>(unit: U, [min, max]: Range) =>
  ({ kind: "number", unit, min, max }) as const;
export const whole = <const U extends CloudUnit>(unit: U, [min, max]: Range) =>
  ({ kind: "integer", unit, min, max }) as const;
export const count = { kind: "integer", min: 0, max: 2_147_483_647 } as const;
export const size = { kind: "number", min: 0, max: 1e15 } as const;
export const flag = { kind: "flag" } as const;
export const text = { kind: "text" } as const;
export const time = { kind: "time" } as const;
export const choice = <const T extends string>(choices: readonly T[]) =>
  ({ kind: "choice", choices }) as const;
export const week = ([lowest, highest]: Range) => ({ kind: "week", lowest, highest }) as const;
