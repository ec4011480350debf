/** What a benchmark yields: figures with limits where the project promises something, as a table and as JSON. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  /** "×" for a ratio within this run. */
  readonly unit: string;
  /** What the project promises. */
  readonly limit?: number;
  readonly note?: string;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error("no sample");
  return value;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export const withinLimit = ({ value, limit }: Figure): boolean => limit === undefined || value <= limit;

export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${format(figure.value)} ${figure.unit}`.trim(),
    figure.limit === undefined ? "" : `≤ ${figure.limit} ${withinLimit(figure) ? "✓" : "✗"}`,
    figure.note ?? "",
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 3 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const format = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));
