import { describe, expect, it } from "vitest";
import { swallowedFlags } from "../../src/bootstrap/npm-flags.mjs";

const start = { npm_lifecycle_event: "start" };

describe("npm start", () => {
  it("refuses to start where npm took a flag of ours, and says how to give it", () => {
    const { refusal } = swallowedFlags({ ...start, npm_config_plain: "true" }, [], true);
    expect(refusal).toBe("npm took --plain for itself; put two dashes before it: npm start -- … --plain");
  });

  it("warns of a flag that npm knows too, which a person may have meant for npm", () => {
    const { refusal, warnings } = swallowedFlags({ ...start, npm_config_offline: "true" }, [], true);
    expect(refusal).toBeUndefined();
    expect(warnings.join()).toContain("npm start -- … --offline");
  });

  it("says how a program gets JSON alone", () => {
    const warned = (env: object, onTerminal: boolean) =>
      swallowedFlags({ ...start, ...env }, ["status", "--json"], onTerminal).warnings.join();
    expect(warned({}, false)).toContain("npm -s start");
    expect(warned({ npm_config_loglevel: "silent" }, false)).toBe("");
    expect(warned({}, true)).toBe("");
  });

  it("is silent about flags that arrived, and where npm did not start it", () => {
    const env = { npm_config_offline: "true", npm_config_data: "x" };
    expect(swallowedFlags({ ...start, ...env }, ["--offline", "--data=x"], true).warnings).toEqual([]);
    expect(swallowedFlags(env, [], true)).toEqual({ warnings: [] });
  });
});
