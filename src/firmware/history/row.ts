/**
 * Folder history/: what the device measured and did, stored for two years in a bounded folder.
 *
 * One row: a minute of the device, or an hour or a day joined from consecutive rows.
 *
 * Guarantee: a row is read as it was written, or not at all. As text it has at most 200 bytes, however many
 * faults are active.
 */
import { readText, type Schema } from "../../base/schema/schema.ts";
import { list, object, tuple } from "../../base/schema/structures.ts";
import { boolean, convert, nullable, number, oneOf } from "../../base/schema/values.ts";
import type { ControlMode } from "../../control/input.ts";
import { faultCodes } from "../../model/faults.ts";
import { large, modes, quantity, truncated } from "../process/message-values.ts";

export interface HistoryRow {
  /** Wall time of its start, in whole seconds. */
  readonly atMs: number;
  /** Whether the clock may have been right: see `isTrustedWallTime`. Rows keep their order with any clock. */
  readonly clockTrusted: boolean;
  /** Time that the row covers: less than its minute, hour or day if the device did not run all the time. */
  readonly seconds: number;
  /** °C, with the offset: mean over the time with a credible reading; `null` without any. */
  readonly temperature: number | null;
  /** %, likewise. */
  readonly humidity: number | null;
  /** °C at the end: the effective target, including a boost. */
  readonly setPoint: number;
  /** Mean demand, 0 to 100 % of full power. */
  readonly demand: number;
  /** Time for which the relay was commanded on. */
  readonly heaterSeconds: number;
  /** At the end. */
  readonly mode: ControlMode;
  /** Codes of the faults that were active, most severe first, at most `maxFaults`. */
  readonly faults: readonly string[];
}

const maxFaults = 4;

/** The most severe faults, each once, of a list that may contain duplicates. */
export function worstFaults(faults: readonly string[]): readonly string[] {
  const known: readonly string[] = faultCodes;
  const severity = (fault: string): number => known.indexOf(fault);
  return [...new Set(faults)].sort((a, b) => severity(a) - severity(b)).slice(0, maxFaults);
}

/** @param later the row after `earlier`. @returns both as one row */
export function joined(earlier: HistoryRow, later: HistoryRow): HistoryRow {
  const [a, b] = [earlier.seconds, later.seconds];
  const mean = (first: number, second: number): number =>
    a + b === 0 ? second : (first * a + second * b) / (a + b);
  const meanRead = (first: number | null, second: number | null): number | null =>
    first === null || second === null ? (first ?? second) : mean(first, second);
  return {
    ...later,
    atMs: earlier.atMs,
    clockTrusted: earlier.clockTrusted,
    seconds: a + b,
    temperature: meanRead(earlier.temperature, later.temperature),
    humidity: meanRead(earlier.humidity, later.humidity),
    demand: mean(earlier.demand, later.demand),
    heaterSeconds: earlier.heaterSeconds + later.heaterSeconds,
    faults: worstFaults([...earlier.faults, ...later.faults]),
  };
}

/**
 * Joins consecutive rows of the same span. A new row begins when the clock was set back, or becomes trusted.
 * @param spanOf start of the span that contains a wall time
 */
export class RowJoiner {
  readonly #spanOf: (atMs: number) => number;
  #open: HistoryRow | undefined;

  constructor(spanOf: (atMs: number) => number) {
    this.#spanOf = spanOf;
  }

  /** @returns the joined earlier rows, if this one begins another span */
  add(row: HistoryRow): HistoryRow | undefined {
    const open = this.#open;
    const isSame =
      open !== undefined &&
      open.clockTrusted === row.clockTrusted &&
      open.atMs <= row.atMs &&
      this.#spanOf(open.atMs) === this.#spanOf(row.atMs);
    this.#open = isSame ? joined(open, row) : row;
    return isSame ? undefined : open;
  }

  end(): HistoryRow | undefined {
    const open = this.#open;
    this.#open = undefined;
    return open;
  }
}

const hourMs = 3_600_000;
export const hourOf = (atMs: number): number => Math.floor(atMs / hourMs) * hourMs;

const faults = list(truncated(32), maxFaults);
/** The form in messages of the local socket. */
export const historyRow: Schema<HistoryRow> = object({
  atMs: large,
  clockTrusted: boolean,
  seconds: large,
  temperature: nullable(quantity),
  humidity: nullable(quantity),
  setPoint: quantity,
  demand: quantity,
  heaterSeconds: large,
  mode: oneOf(modes),
  faults,
});

/** The stored form: a list without names is half as long. */
const storedRow: Schema<HistoryRow> = convert(
  tuple([
    number(0, 8.64e12),
    oneOf([0, 1]),
    number(0),
    nullable(quantity),
    nullable(quantity),
    quantity,
    quantity,
    number(0),
    oneOf(modes),
    faults,
  ]),
  ([at, trusted, seconds, temperature, humidity, setPoint, demand, heaterSeconds, mode, active]) => ({
    atMs: at * 1000,
    clockTrusted: trusted === 1,
    seconds,
    temperature,
    humidity,
    setPoint,
    demand,
    heaterSeconds,
    mode,
    faults: active,
  }),
);

export const encodeRow = (row: HistoryRow): string =>
  JSON.stringify([
    Math.floor(row.atMs / 1000),
    row.clockTrusted ? 1 : 0,
    Math.round(row.seconds),
    rounded(row.temperature, 2),
    rounded(row.humidity, 1),
    rounded(row.setPoint, 2),
    rounded(row.demand, 1),
    Math.round(row.heaterSeconds),
    row.mode,
    row.faults.map((fault) => fault.slice(0, 32)),
  ]);

/** @returns `undefined` for a text that is not a row */
export const decodeRow = (text: string): HistoryRow | undefined => readText(storedRow, text);

const rounded = (value: number | null, decimals: number): number | null =>
  value === null ? null : Number(value.toFixed(decimals));
