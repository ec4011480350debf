/** Counts what the guests say and prints one sentence for each; machines may run at once, so each line is labelled. */
import type { GuestRecord } from "./protocol.ts";

export class Reporter {
  readonly #rig: string;
  passed = 0;
  failed = 0;
  skipped = 0;
  readonly #running = new Map<string, string>();

  /** @param rig for the line with the sum */
  constructor(rig: string) {
    this.#rig = rig;
  }

  record(machine: string, record: GuestRecord): void {
    const print = (sign: string, text: string): void => console.log(`${machine}  ${sign} ${indented(text)}`);
    if (record.type === "started") this.#running.set(machine, record.name);
    if (record.type === "passed" || record.type === "failed") this.#running.delete(machine);
    switch (record.type) {
      case "ready":
        print("·", `Linux ${record.kernel}, node ${record.node}, up after ${seconds(record.sinceBootMs)}`);
        break;
      case "passed":
        this.passed++;
        print("✓", `${record.name}${record.measured && `: ${record.measured}`} [${seconds(record.ms)}]`);
        break;
      case "failed":
        this.failed++;
        print("✗", `${record.name} [${seconds(record.ms)}]\n${record.why}`);
        break;
      case "next":
        print("·", record.by);
        break;
      case "started":
      case "time":
      case "shown":
      case "end":
        break;
    }
  }

  /** The machine itself failed, not what ran on it. */
  broken(machine: string, reason: string, consoleTail: string): void {
    this.failed++;
    const during = this.#running.get(machine);
    const where = during === undefined ? "" : `, during "${during}"`;
    console.log(`${machine}  ✗ the virtual machine: ${reason}${where}\n${indented(consoleTail)}`);
  }

  /** @returns the exit code */
  finish(ms: number): number {
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : "";
    console.log(`\n${this.#rig}: ${seconds(ms)}\n${this.passed} passed, ${this.failed} failed${skipped}`);
    return this.failed > 0 ? 1 : 0;
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const indented = (text: string): string => text.trimEnd().replaceAll("\n", "\n          ");
