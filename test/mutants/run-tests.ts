/** Runs test files in a scratch tree until the first that fails. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { looksAtDist } from "./nearest-tests.ts";

export type Outcome = "passed" | "failed" | "timed out";

export interface TestRun {
  readonly outcome: Outcome;
  /** The end of what it printed. */
  readonly output: string;
}

/** What a slip keeps waiting costs this twice. */
const patience = "--testTimeout=60000";
/** What does not change from one mutant to the next is transformed once. */
const fileCache = "--experimental.fsModuleCache";

/** Enough for a reader to see why a run failed. */
const outputKept = 100_000;

export interface TestsToRun {
  /** Paths, or parts of paths. */
  readonly tests: readonly string[];
  /** Of the suites that only `npm run test:slow` runs. */
  readonly slowTests?: readonly string[];
}

/** @param limitMs after which a run, with all that it started, is killed */
export async function runTests(
  tree: string,
  { tests, slowTests = [] }: TestsToRun,
  limitMs: number,
): Promise<TestRun> {
  let last: TestRun = { outcome: "passed", output: "" };
  if (tests.length > 0) last = await run(tree, tests, limitMs, {});
  if (last.outcome === "passed" && slowTests.length > 0)
    last = await run(tree, slowTests, limitMs, { SLOW: "1" });
  return last;
}

/** @returns the test files that failed, those of the slow suites apart; none if no test could run */
export function failedTests({ output }: TestRun): Required<TestsToRun> {
  const files = [...new Set([...output.matchAll(/FAIL +(\S+\.test\.ts)/g)].map(([, file = ""]) => file))];
  const isSlow = (file: string): boolean => file.endsWith(".slow.test.ts");
  return { tests: files.filter((file) => !isSlow(file)), slowTests: files.filter(isSlow) };
}

function run(
  tree: string,
  tests: readonly string[],
  limitMs: number,
  environment: Record<string, string>,
): Promise<TestRun> {
  const vitest = join(tree, "node_modules/vitest/vitest.mjs");
  const child = spawn(
    process.execPath,
    [
      vitest,
      "run",
      "--config",
      "test/mutants/vitest.config.ts",
      "--bail",
      "1",
      patience,
      fileCache,
      ...tests,
    ],
    {
      cwd: tree,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        NO_COLOR: "1",
        DIST_IS_BUILT: tests.some((test) => looksAtDist(tree, test)) ? "" : "1",
        ...environment,
      },
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
      resolve({ outcome, output });
    });
  });
}
