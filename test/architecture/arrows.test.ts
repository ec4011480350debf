import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { judge, root, sourceFiles, type Verdict } from "./cruise.ts";

describe("the parts of src/", () => {
  let verdict: Verdict;
  beforeAll(async () => {
    verdict = await judge(root);
  }, 300_000);

  it("were all seen by the check: a wrong compiler version sees none, and calls that green", () => {
    const onDisk = sourceFiles(root, "src");
    expect(onDisk.length).toBeGreaterThan(20);
    expect(onDisk.filter((file) => !verdict.modules.includes(file))).toEqual([]);
  });

  it("depend on each other only along the arrows", () => {
    expect(verdict.violations.map(({ rule, from, to }) => `${rule}: ${from} → ${to}`)).toEqual([]);
  });
});

/** One violation per rule: files to add or to lengthen, and the module that must be caught. */
const seeds: Record<string, { files: Record<string, string>; caught: string }> = {
  "no-cycle": {
    files: { "control/seed-a.ts": 'import "./seed-b.ts";', "control/seed-b.ts": 'import "./seed-a.ts";' },
    caught: "src/control/seed-a.ts",
  },
  "no-orphan": {
    files: { "chips/seed-orphan.ts": "export const alone = 1;" },
    caught: "src/chips/seed-orphan.ts",
  },
  "no-unresolvable": {
    files: { "hub/seed-gone.ts": 'import "./not-there.ts";' },
    caught: "src/hub/seed-gone.ts",
  },
  "no-dev-package": {
    files: { "firmware/seed-dev.ts": 'import fc from "fast-check"; fc.string();' },
    caught: "src/firmware/seed-dev.ts",
  },
  "control-is-pure": {
    files: { "control/seed-node.ts": 'import "node:fs";' },
    caught: "src/control/seed-node.ts",
  },
  "base-is-pure": { files: { "base/seed-node.ts": 'import "node:fs";' }, caught: "src/base/seed-node.ts" },
  "model-is-pure": {
    files: { "model/seed-up.ts": 'import "../control/step.ts";' },
    caught: "src/model/seed-up.ts",
  },
  "protocol-knows-azure-alone": {
    files: { "protocol/seed-up.ts": 'import "../model/faults.ts";' },
    caught: "src/protocol/seed-up.ts",
  },
  "chips-need-no-platform": {
    files: { "chips/seed-node.ts": 'import { Buffer } from "node:buffer"; Buffer.alloc(1);' },
    caught: "src/chips/seed-node.ts",
  },
  "siblings-are-strangers": {
    files: {
      "manifest/seed-sibling.ts":
        'import type { Board } from "../board/definition/definition.ts"; export type B = Board;',
    },
    caught: "src/manifest/seed-sibling.ts",
  },
  "base-is-the-ground": {
    files: { "base/files/seed-up.ts": 'import "../../model/faults.ts";' },
    caught: "src/base/files/seed-up.ts",
  },
  "siblings-look-down": {
    files: { "board/seed-up.ts": 'import "../firmware/process/exit-codes.ts";' },
    caught: "src/board/seed-up.ts",
  },
  "firmware-looks-down": {
    files: { "firmware/seed-up.ts": 'import "../commands/line/verb.ts";' },
    caught: "src/firmware/seed-up.ts",
  },
  "commands-look-down": {
    files: { "commands/seed-up.ts": 'import "../main.ts";' },
    caught: "src/commands/seed-up.ts",
  },
  "main-only-dispatches": {
    files: { "main.ts": 'import "./board/definition/definition.ts";' },
    caught: "src/main.ts",
  },
  "generate-reads-tables": {
    files: { "generate.ts": 'import "./control/step.ts";' },
    caught: "src/generate.ts",
  },
  "bootstrap-stands-apart": {
    files: { "bootstrap/seed.mjs": 'import "../control/units.ts";' },
    caught: "src/bootstrap/seed.mjs",
  },
  "nobody-imports-bootstrap": {
    files: { "commands/seed-bootstrap.ts": 'import "../bootstrap/build.mjs";' },
    caught: "src/commands/seed-bootstrap.ts",
  },
  "bundler-in-bootstrap": {
    files: { "update/seed-bundler.ts": 'import "esbuild";' },
    caught: "src/update/seed-bundler.ts",
  },
  "hardware-in-board": {
    files: { "simulation/seed-hardware.ts": 'await import("onoff");' },
    caught: "src/simulation/seed-hardware.ts",
  },
  "azure-sdk-in-azure": {
    files: { "hub/seed-azure.ts": 'import "azure-iot-device";' },
    caught: "src/hub/seed-azure.ts",
  },
  "broker-in-hub": {
    files: { "azure/seed-broker.ts": 'import "aedes";' },
    caught: "src/azure/seed-broker.ts",
  },
  "native-is-lazy": {
    files: { "board/seed-eager.ts": 'import i2c from "i2c-bus"; i2c.openSync(1);' },
    caught: "src/board/seed-eager.ts",
  },
};

describe("each rule of the check", () => {
  const copy = mkdtempSync(join(tmpdir(), "arrows-"));
  let verdict: Verdict;
  beforeAll(async () => {
    for (const name of ["src", "package.json"])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    for (const { files } of Object.values(seeds)) {
      for (const [name, text] of Object.entries(files)) {
        const file = join(copy, "src", name);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, `${text}\n`);
      }
    }
    verdict = await judge(copy);
  }, 300_000);
  afterAll(() => rmSync(copy, { recursive: true }));

  it("has a seeded violation", () => {
    expect(Object.keys(seeds).toSorted()).toEqual(verdict.rules.toSorted());
  });

  it.each(Object.entries(seeds))("%s catches its own", (rule, { caught }) => {
    const found = verdict.violations.filter((violation) => violation.rule === rule);
    expect(found.map(({ from }) => from)).toContain(caught);
  });
});
