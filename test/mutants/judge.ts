/**
 * Says whether the tests notice a mutant, and which of them.
 *
 * Guarantee: only a test that passes without it has noticed it, and one that ran out of time only when it does so twice:
 * neither what always fails on this machine nor what fails while it is busy counts.
 */
import type { MutatedFolder } from "./folders.ts";
import type { Mutant } from "./operators.ts";
import { failedTests, type TestRun, type TestsToRun } from "./run-tests.ts";

/** A mutant may make a loop endless; without one these end in time even on a busy machine. */
const nearestLimitMs = 600_000;
const folderLimitMs = 1_200_000;

export interface Bench {
  read(file: string): string;
  write(file: string, text: string): void;
  /** Groups of the test files that are likely to notice a slip in a file, the most likely and quickest first. */
  nearestTests(file: string): readonly (readonly string[])[];
  run(tests: TestsToRun, limitMs: number): Promise<TestRun>;
}

export class Judge {
  readonly #bench: Bench;
  readonly #folder: MutatedFolder;
  /** The names of tests that passed without a mutant. */
  readonly #passed = new Set<string>();

  constructor(bench: Bench, folder: MutatedFolder) {
    this.#bench = bench;
    this.#folder = folder;
  }

  /** @returns which of the tests that are likely to notice it does, or of the slow ones; undefined if none */
  async noticedNearby(file: string, mutant: Mutant): Promise<string | undefined> {
    const nearest = this.#bench.nearestTests(file);
    const { tests: all, slowTests } = this.#folder;
    const groups = nearest.length > 0 ? nearest : [all.slice(0, 1)];
    const runs = groups.map((tests): TestsToRun => ({ tests }));
    for (const tests of slowTests === undefined ? runs : [...runs, { tests: [], slowTests }]) {
      const noticed = await this.#examine(file, mutant, tests, nearestLimitMs);
      if (noticed !== undefined) return noticed;
    }
    return undefined;
  }

  /** @returns which test of the folder notices it, or that the tests do not end; undefined if none */
  async noticed(file: string, mutant: Mutant): Promise<string | undefined> {
    return await this.#examine(file, mutant, this.#folder, folderLimitMs);
  }

  async #examine(
    file: string,
    { start, end, replacement }: Mutant,
    tests: TestsToRun,
    limitMs: number,
  ): Promise<string | undefined> {
    const original = this.#bench.read(file);
    this.#bench.write(file, original.slice(0, start) + replacement + original.slice(end));
    try {
      const first = await this.#bench.run(tests, limitMs);
      if (first.outcome === "passed") return undefined;
      const failed = suspects(first, tests);
      const again = ranOutOfTime(first) ? await this.#bench.run(failed, limitMs) : first;
      if (again.outcome === "passed") return undefined;
      this.#bench.write(file, original);
      return (await this.#passesUnchanged(failed, limitMs)) ? described(again) : undefined;
    } finally {
      this.#bench.write(file, original);
    }
  }

  /** @throws Error when they do not end: a machine that is so busy gives no figure */
  async #passesUnchanged(tests: TestsToRun, limitMs: number): Promise<boolean> {
    const names = JSON.stringify([tests.tests, tests.slowTests]);
    if (this.#passed.has(names)) return true;
    const { outcome } = await this.#bench.run(tests, limitMs);
    if (outcome === "timed out") {
      const seconds = limitMs / 1000;
      throw new Error(
        `without a mutant these do not end within ${seconds} s either: ${tests.tests.join(" ")}`,
      );
    }
    if (outcome === "passed") this.#passed.add(names);
    return outcome === "passed";
  }
}

const ranOutOfTime = ({ outcome, output }: TestRun): boolean =>
  outcome === "failed" && /timed? ?out|in time|ECONN|EPIPE/i.test(output);

/** The files that failed; all if the run did not get as far as that. */
function suspects(run: TestRun, all: TestsToRun): TestsToRun {
  const failed = failedTests(run);
  return failed.tests.length + failed.slowTests.length > 0 ? failed : all;
}

function described({ outcome, output }: TestRun): string {
  if (outcome === "timed out") return "the tests did not end";
  return /FAIL +(.+)/.exec(output)?.[1] ?? "no test could run";
}
