/**
 * Folder history/: what the device measured and did, stored for two years in a bounded folder.
 *
 * One row: a minute of the device; or an hour or a day, made of rows that follow each other.
 *
 * Guarantee: a row is read as it was written, or not at all. As text it has at most 200 bytes, whatever fails.
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
  /** Time that it covers: less than its minute, hour or day where the device did not run. */
  readonly seconds: number;
  /** °C, with the offset; mean of the time with a credible reading, `null` without any. */
  readonly temperature: number | null;
  /** %, likewise. */
  readonly humidity: number | null;
  /** °C at the end: the temperature that heating aims at, so a boost is in it. */
  readonly setPoint: number;
  /** Mean of the share of full power that was asked for, 0 to 100 %. */
  readonly demand: number;
  /** Time for which the relay was commanded on. */
  readonly heaterSeconds: number;
  /** At the end. */
  readonly mode: ControlMode;
  /** Codes of the faults that were active, most severe first, at most `maxFaults`. */
  readonly faults: readonly string[];
}

const maxFaults = 4;

/** The most severe ones of those that may repeat. */
export function worstFaults(faults: readonly string[]): readonly string[] {
  const known: readonly string[] = faultCodes;
  const severity = (fault: string): number => known.indexOf(fault);
  return [...new Set(faults)].sort((a, b) => severity(a) - severity(b)).slice(0, maxFaults);
}

/** @param later the row after `earlier`. @returns both as one */
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
 * Joins rows that follow each other in one span. A clock that was set back begins a new row; so does one that becomes
 * trusted.
 * @param spanOf the start of the span that a wall time is in
 */
export class RowJoiner {
  readonly #spanOf: (atMs: number) => number;
  #open: HistoryRow | undefined;

  constructor(spanOf: (atMs: number) => number) {
    this.#spanOf = spanOf;
  }

  /** @returns the rows before it, when it begins another span */
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
/** As the local socket carries it. */
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

/** As it is stored: a list without names is half as long. */
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

/** @returns `undefined` when it is none */
export const decodeRow = (text: string): HistoryRow | undefined => readText(storedRow, text);

const rounded = (value: number | null, decimals: number): number | null =>
  value === null ? null : Number(value.toFixed(decimals));
