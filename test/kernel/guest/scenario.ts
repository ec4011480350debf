/** Runs scenarios one after the other and says over the serial port how each ended. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { GuestRecord } from "../protocol.ts";
import type { Machine } from "./machine.ts";

export interface Scenario {
  /** A sentence of behaviour. */
  readonly name: string;
  /** Of the machine's time; a hundred seconds when not given. */
  readonly limitMs?: number;
  /** May resolve to something measured, for the reader. @throws when the sentence is not true */
  run(machine: Machine): Promise<string | undefined> | Promise<void>;
}

const port = openSync("/dev/ttyS1", "w");

export function say(record: GuestRecord): void {
  const bytes = Buffer.from(`${JSON.stringify(record)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(port, bytes, at);
}

export function hangUp(): void {
  say({ type: "end" });
  closeSync(port);
}

/** The limit holds for scenarios that wait for something without a limit of their own. */
const LIMIT_MS = 100_000;

export async function runScenario(
  { name, run, limitMs = LIMIT_MS }: Scenario,
  machine: Machine,
): Promise<void> {
  say({ type: "started", name });
  const start = performance.now();
  const ms = (): number => Math.round(performance.now() - start);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limitMs} ms`)), limitMs);
  });
  try {
    const measured = (await Promise.race([run(machine), limit])) ?? "";
    say({ type: "passed", name, ms: ms(), measured });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say({ type: "failed", name, ms: ms(), why });
  } finally {
    clearTimeout(timer);
  }
}
