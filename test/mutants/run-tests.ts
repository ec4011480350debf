/** Runs test files in a scratch tree until the first that fails. */
import { spawn } from "node:child_process";
import { join } from "node:path";

export type Outcome = "passed" | "failed" | "timed out";

export interface TestRun {
  readonly outcome: Outcome;
  readonly seconds: number;
  /** The end of what it printed. */
  readonly output: string;
}

/** Enough for a reader to see why a run failed. */
const outputKept = 4000;

export interface TestsToRun {
  /** Test files that are likely to notice: these come first. */
  readonly nearest?: readonly string[];
  /** Paths, or how paths begin. */
  readonly tests: readonly string[];
  /** Of the suites that only `npm run test:slow` runs; these come last. */
  readonly slowTests?: readonly string[];
}

/** @param limitMs after which a run, with all that it started, is killed */
export async function runTests(
  tree: string,
  { nearest = [], tests, slowTests = [] }: TestsToRun,
  limitMs: number,
): Promise<TestRun> {
  const rounds = [
    { tests: nearest, environment: {} },
    { tests, environment: {} },
    { tests: slowTests, environment: { SLOW: "1" } },
  ];
  let seconds = 0;
  let last: TestRun = { outcome: "passed", seconds, output: "" };
  for (const round of rounds) {
    if (round.tests.length === 0) continue;
    last = await run(tree, round.tests, limitMs, round.environment);
    seconds += last.seconds;
    if (last.outcome !== "passed") break;
  }
  return { ...last, seconds };
}

function run(
  tree: string,
  tests: readonly string[],
  limitMs: number,
  environment: Record<string, string>,
): Promise<TestRun> {
  const vitest = join(tree, "node_modules/vitest/vitest.mjs");
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [vitest, "run", "--config", ".config/vitest.config.ts", "--bail", "1", ...tests],
    {
      cwd: tree,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", ...environment },
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-outputKept);
    });
  }
  return new Promise((resolve) => {
    let timedOut = false;
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // The group has ended by itself.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, limitMs);
    child.once("close", (code) => {
      clearTimeout(timer);
      kill();
      const outcome = timedOut ? "timed out" : code === 0 ? "passed" : "failed";
      resolve({ outcome, seconds: (performance.now() - began) / 1000, output });
    });
  });
}
