/** Which tests are to notice a slip in which folder. */
import type { TestsToRun } from "./run-tests.ts";

export interface MutatedFolder extends TestsToRun {
  readonly name: string;
  readonly sources: readonly string[];
  /** Paths below `sources` that another row has. */
  readonly without?: readonly string[];
}

export const folders: readonly MutatedFolder[] = [
  { name: "base", sources: ["src/base"], tests: ["test/base"] },
  { name: "model", sources: ["src/model"], tests: ["test/model", "test/control"] },
  { name: "control", sources: ["src/control"], tests: ["test/control", "test/property/safety"] },
  { name: "chips", sources: ["src/chips"], tests: ["test/chips", "test/board"] },
  { name: "board", sources: ["src/board"], tests: ["test/board", "test/contract"] },
  {
    name: "simulation",
    sources: ["src/simulation"],
    tests: ["test/simulation", "test/contract", "test/firmware/front/virtual-terminal"],
  },
  { name: "manifest", sources: ["src/manifest"], tests: ["test/manifest"] },
  {
    name: "azure",
    sources: ["src/azure", "src/protocol"],
    tests: ["test/azure", "test/protocol", "test/firmware/cloud-process/cloud-client"],
  },
  { name: "home-assistant", sources: ["src/home-assistant"], tests: ["test/home-assistant"] },
  {
    name: "hub",
    sources: ["src/hub"],
    without: ["src/hub/page/"],
    tests: ["test/hub", "test/azure/link/local-hub"],
  },
  { name: "page", sources: ["src/hub/page"], tests: ["test/hub/page/"], slowTests: ["test/browser"] },
  { name: "update", sources: ["src/update"], tests: ["test/update"] },
  {
    name: "firmware",
    sources: ["src/firmware"],
    tests: ["test/firmware", "test/commands"],
    // Nothing else plays the demonstration.
    slowTests: ["test/firmware/demo"],
  },
  { name: "commands", sources: ["src/commands"], tests: ["test/commands", "test/firmware"] },
];
