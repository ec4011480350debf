/** The demonstration itself, on loopback in real time: a rule that does not come out must be seen as that. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { showDemo } from "../../src/commands/demo.ts";
import { type Scene, type SceneResult, scenes } from "../../src/firmware/demo/demo.ts";

async function show(story: readonly Scene[], json: boolean) {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(text);
  const code = await showDemo({ scenes: story, json, colour: false, write });
  return { code, lines };
}

const firstScenes = (count: number): Scene[] => scenes.slice(0, count);

describe("the demonstration", { timeout: 60_000 }, () => {
  let temporary = "";
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), "demo-test-"));
    vi.stubEnv("TMPDIR", temporary);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(temporary, { recursive: true, force: true });
  });

  it("has a scene for every rule of the twin, and two for RR-4", () => {
    const rules = scenes.map(({ rule }) => rule);
    expect(rules.toSorted()).toEqual(
      ["RR-1", "RR-2", "RR-3", "RR-4", "RR-4", "RR-5", "RR-6", "RR-7", "RR-8", "RR-9"].toSorted(),
    );
  });

  it("plays every rule to its end in less than 45 s, and leaves no folder behind", async () => {
    const { code, lines } = await show(scenes, true);
    const results = lines.slice(0, -1).map((line) => JSON.parse(line) as SceneResult);
    const wrong = results.flatMap(({ rule, title, claims, failure }) => [
      ...(failure === undefined ? [] : [`${rule} ${title}: ${failure}`]),
      ...claims.filter(({ holds }) => !holds).map(({ words }) => `${rule} ${title}: not “${words}”`),
    ]);
    expect(wrong).toEqual([]);
    expect(results.map(({ title }) => title)).toEqual(scenes.map(({ title }) => title));
    const whole = JSON.parse(lines.at(-1) ?? "") as { missed: string[]; milliseconds: number };
    expect(whole.missed).toEqual([]);
    expect(whole.milliseconds).toBeLessThan(45_000);
    expect(code).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("marks a claim that does not hold, names its scene at the end and exits with 1", async () => {
    const [first, second] = firstScenes(2);
    if (first === undefined || second === undefined) throw new Error("there are too few scenes");
    const wrong = { words: "the cloud is obeyed without an answer", holds: () => false };
    const { code, lines } = await show([first, { ...second, claims: [...second.claims, wrong] }], false);
    const [, one, two, end] = lines;
    expect(one).toMatch(/✓ RR-1 passed/);
    expect(two).toMatch(/✓ the device is at 21 and reports it with 200/);
    expect(two).toMatch(/✗ the cloud is obeyed without an answer/);
    expect(two).toMatch(/✗ RR-2 failed/);
    expect(end).toMatch(/✗ 1 of 2 scenes failed:\n {2}RR-2: Only the cloud changes/);
    expect(code).toBe(1);
  });

  it("goes on after a scene that broke down, and counts it as one that failed", async () => {
    const broken: Scene = {
      rule: "RR-1",
      title: "A scene that breaks down",
      properties: ["targetTemperature"],
      play: () => Promise.reject(new Error("the actor is ill")),
      claims: [{ words: "all is well", holds: () => true }],
    };
    const { code, lines } = await show([broken, ...firstScenes(1)], false);
    expect(lines[1]).toMatch(/✗ all is well\n {2}✗ the actor is ill/);
    expect(lines).toHaveLength(4);
    expect(code).toBe(1);
  });

  it("waits between two scenes where a pause is asked for, and not after the last", async () => {
    const order: string[] = [];
    await showDemo({
      scenes: firstScenes(2),
      json: false,
      colour: false,
      write: (text) => void (text.startsWith("RR-") && order.push(text.slice(0, 4))),
      pause: async () => void order.push("pause"),
    });
    expect(order).toEqual(["RR-1", "pause", "RR-2"]);
  });

  it("counts the scenes that an interruption left out as not come out, and leaves no folder behind", async () => {
    const interrupt = new AbortController();
    const lines: string[] = [];
    const code = await showDemo({
      scenes: firstScenes(3),
      json: false,
      colour: false,
      write: (text) => {
        lines.push(text);
        if (text.startsWith("RR-1")) interrupt.abort();
      },
      signal: interrupt.signal,
    });
    expect(lines.at(-1)).toMatch(/2 of 3 scenes failed:\n {2}RR-2: .*\n {2}RR-3: /);
    expect(code).toBe(1);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
