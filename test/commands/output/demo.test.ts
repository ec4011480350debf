/** The demonstration's text: what a scene shows, how an acknowledgement reads, and what the end says. */
import { describe, expect, it } from "vitest";
import { celsius } from "../../../src/base/units.ts";
import { demoEnd, demoHead, sceneText } from "../../../src/commands/output/demo.ts";
import type { SceneResult, TwinView } from "../../../src/firmware/demo/demo.ts";
import { scenes } from "../../../src/firmware/demo/demo.ts";

const target = { name: "targetTemperature", reportedIn: 3, inForce: celsius(21) } as const;
const before: TwinView = {
  desiredVersion: 1,
  reportedVersion: 12,
  properties: [{ ...target, desired: undefined, reported: undefined }],
};
const after: TwinView = {
  desiredVersion: 2,
  reportedVersion: 13,
  properties: [
    { ...target, desired: 21, reported: { value: 21, ac: 200, av: 2, ad: "of 2026-11-27T19:00:01.250Z" } },
    { ...target, name: "heaterSwitch", desired: true, reported: false },
    { ...target, name: "controlMode", desired: null, reported: { mode: "auto" } },
  ],
};
const scene: SceneResult = {
  rule: "RR-2",
  title: "Only the cloud changes it",
  steps: ["The cloud sets 21"],
  before,
  after,
  decisions: [
    {
      rule: "RR-4",
      property: "targetTemperature",
      version: 2,
      won: "cloud: 21",
      lost: "device: 20",
      reason: "both",
    },
    { rule: "RR-6", property: "colour", version: 2, reason: "there is no such property" },
  ],
  claims: [{ words: "the device is at 21", holds: true }],
  failure: undefined,
  holds: true,
  milliseconds: 1240,
};
const lines = (changes: Partial<SceneResult> = {}, colour = false) =>
  sceneText({ ...scene, ...changes }, colour).split("\n");

describe("a scene of the demonstration as text", () => {
  it("shows its steps, both documents in columns, each decision with its reason, its claims and its verdict", () => {
    expect(lines()).toEqual([
      "RR-2  Only the cloud changes it",
      "  · The cloud sets 21.",
      "  before                     desired v1  reported v12",
      "          targetTemperature  —           —",
      "  after                      desired v2  reported v13",
      "          targetTemperature  21          21, ac 200, av 2, of 19:00:01",
      "          heaterSwitch       true        false",
      '          controlMode        null        {"mode":"auto"}',
      "  log     RR-4 targetTemperature, desired v2: won cloud: 21, lost device: 20",
      "            both",
      "          RR-6 colour, desired v2: ",
      "            there is no such property",
      "  ✓ the device is at 21",
      "  ✓ RR-2 passed 1.2 s",
      "",
    ]);
  });

  it("puts the words of an acknowledgement on a line of their own where they do not fit", () => {
    const ad = "must be 5 to 30 °C, not 99; in force: device";
    const refused = { ...target, desired: 99, reported: { value: 19, ac: 400, av: 2, ad } };
    const text = lines({ before: undefined, after: { ...after, properties: [refused] } });
    expect(text).toContain("          targetTemperature  99          19, ac 400, av 2");
    expect(text).toContain(`            ${ad}`);
  });

  it("shows the failure, and that its rule failed", () => {
    const text = lines({ failure: "the cable is torn", holds: false });
    expect(text).toContain("  ✗ the cable is torn");
    expect(text).toContain("  ✗ RR-2 failed 1.2 s");
  });

  it("has colour only when asked for", () => {
    expect(lines({}, true).join("\n")).toContain("\u001b[32m✓\u001b[0m");
    expect(lines().join("\n")).not.toContain("\u001b");
  });
});

describe("the demonstration's head and end", () => {
  it("say how many scenes there are, and that all passed", () => {
    expect(demoHead(10)).toContain("10 scenes");
    for (const { rule } of scenes) expect(demoHead(10)).toContain(`\n  ${rule}  `);
    expect(demoEnd({ scenes: 10, missed: [], milliseconds: 31_400 }, false)).toBe(
      "✓ all 10 scenes passed in 31.4 s",
    );
  });

  it("name each scene that did not", () => {
    const missed = ["RR-2: Only the cloud changes it", "RR-7: A value is deleted"];
    expect(demoEnd({ scenes: 10, missed, milliseconds: 31_400 }, false)).toBe(
      "✗ 2 of 10 scenes failed:\n  RR-2: Only the cloud changes it\n  RR-7: A value is deleted",
    );
  });
});
