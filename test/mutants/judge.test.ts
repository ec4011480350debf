import { describe, expect, it } from "vitest";
import { Judge } from "./judge.ts";
import type { Mutant } from "./operators.ts";
import type { TestRun, TestsToRun } from "./run-tests.ts";

const mutant: Mutant = { start: 0, end: 1, replacement: "b", line: 1, operator: "a → b" };
const folder = { name: "x", sources: ["src/x"], tests: ["test/x"] };
const failure: TestRun = { outcome: "failed", output: " FAIL  test/x/far.test.ts > says b" };
const late: TestRun = { outcome: "failed", output: `${failure.output}\nError: Test timed out in 5000ms.` };
const success: TestRun = { outcome: "passed", output: "" };

/** @param outcomes of the runs of the folder's tests, by what the file says */
function judged(outcomes: { mutated: TestRun[]; original: TestRun[] }, nearest: readonly string[][] = []) {
  let text = "a";
  const ran: string[] = [];
  const judge = new Judge(
    {
      read: () => text,
      write: (_, to) => {
        text = to;
      },
      nearestTests: () => nearest,
      run: ({ tests }: TestsToRun) => {
        ran.push(`${text}: ${tests.join()}`);
        return Promise.resolve((text === "a" ? outcomes.original : outcomes.mutated).shift() ?? success);
      },
    },
    folder,
  );
  return {
    noticed: () => judge.noticed("src/x/x.ts", mutant),
    noticedNearby: () => judge.noticedNearby("src/x/x.ts", mutant),
    ran,
    text: () => text,
  };
}

describe("a mutant", () => {
  it("is killed by a test that fails on it and passes without it", async () => {
    const { noticed, ran, text } = judged({ mutated: [failure], original: [success] });
    expect(await noticed()).toBe("test/x/far.test.ts > says b");
    expect(ran).toEqual(["b: test/x", "a: test/x/far.test.ts"]);
    expect(text()).toBe("a");
  });

  it("meets the groups of near tests one after another, until one notices it", async () => {
    const outcomes = { mutated: [success, failure], original: [success] };
    const { noticedNearby, ran } = judged(outcomes, [["test/x/x"], ["test/x/far"], ["test/y"]]);
    expect(await noticedNearby()).toContain("far.test.ts");
    expect(ran).toEqual(["b: test/x/x", "b: test/x/far", "a: test/x/far.test.ts"]);
  });

  it("survives a test that is late once, as on a busy machine", async () => {
    expect(await judged({ mutated: [late, late], original: [success] }).noticed()).toContain("far.test.ts");
    const { noticed, text } = judged({ mutated: [late, success], original: [] });
    expect(await noticed()).toBeUndefined();
    expect(text()).toBe("a");
  });

  it("survives a test that fails without it as well", async () => {
    expect(await judged({ mutated: [failure], original: [failure] }).noticed()).toBeUndefined();
  });

  it("is killed when the tests do not end on it, but do without it; else there is no verdict", async () => {
    const endless: TestRun = { outcome: "timed out", output: "" };
    expect(await judged({ mutated: [endless], original: [success] }).noticed()).toBe("the tests did not end");
    const busy = judged({ mutated: [endless], original: [endless] });
    await expect(busy.noticed()).rejects.toThrow("without a mutant these do not end");
    expect(busy.text()).toBe("a");
  });

  it("is judged by a test that failed without the one before: a busy machine does not make it useless", async () => {
    const { noticed } = judged({ mutated: [failure, failure], original: [failure, success] });
    expect(await noticed()).toBeUndefined();
    expect(await noticed()).toContain("far.test.ts");
  });
});
