/** The table of what the machines measured, a row for each event and a column for each GPIO back end. */
import type { GuestRecord } from "../kernel/protocol.ts";
import type { Plan } from "./plans.ts";

type Time = Extract<GuestRecord, { type: "time" }>;
const backEnds = ["sysfs", "chardev"] as const;
export type BackEnd = (typeof backEnds)[number];

/** On which back end a machine's firmware drives the relay. */
export const backEndOf = (plan: Plan): BackEnd => (plan.endsWith("-chardev") ? "chardev" : "sysfs");

export class Times {
  readonly #rows = new Map<string, Partial<Record<BackEnd, number[]>> & { limitMs: number }>();

  add(plan: Plan, { what, ms, limitMs }: Time): void {
    const row = this.#rows.get(what) ?? { limitMs };
    const column = backEndOf(plan);
    this.#rows.set(what, { ...row, [column]: [...(row[column] ?? []), ms] });
  }

  get measured(): boolean {
    return this.#rows.size > 0;
  }

  get table(): string {
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;
    const cell = (all: readonly number[] | undefined): string => all?.map(seconds).join(", ") ?? "";
    return [
      `| relay off after | ${backEnds.join(" | ")} | limit |`,
      "| --- | --- | --- | --- |",
      ...[...this.#rows].map(
        ([what, row]) =>
          `| ${what} | ${backEnds.map((name) => cell(row[name])).join(" | ")} | ${row.limitMs / 1000} s |`,
      ),
    ].join("\n");
  }
}
