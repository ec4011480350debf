import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const slow = process.env["SLOW"] === "1";

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    // `npm run test:slow` runs what takes tens of seconds a file; the ordinary run is to stay under three minutes.
    include: slow ? ["test/**/*.slow.test.ts"] : ["test/**/*.test.ts"],
    exclude: slow ? [] : ["test/**/*.slow.test.ts"],
    // Where dist/ is current, or none of the tests looks at it, test/mutants saves the time.
    globalSetup: process.env["DIST_IS_BUILT"] === "1" ? [] : ["test/global-setup.ts"],
    // For a test that hangs, not for one that is slow: what takes 4 s on an idle machine took 30 beside other work.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 20_000 } },
    // The slow ones mostly wait, for processes and their time limits.
    maxWorkers: Math.max(2, availableParallelism()) * (slow ? 2 : 1),
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text-summary", "json-summary"],
      thresholds: { "src/control/**": { lines: 95 }, "src/chips/**": { lines: 95 } },
    },
  },
});
