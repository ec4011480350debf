/** The character device as it is, with our calls alone: proves what the back end on it relies on. */
import assert from "node:assert/strict";
import { findCharChip } from "../../../src/board/kernel/chardev/chip.ts";
import { HeldLine, holderOf, requestLine } from "../../../src/board/kernel/chardev/line.ts";
import { flags } from "../../../src/board/kernel/chardev/uapi.ts";
import { LineError } from "../../../src/chips/lines.ts";
import { devices, type Machine } from "./machine.ts";
import type { Scenario } from "./scenario.ts";

const chipOf = (machine: Machine) => findCharChip([machine.kind.label], devices);
const output = { flags: flags.output, level: 1 } as const;
/** Free on the hat. */
const LINE = 20;

export const charScenarios: readonly Scenario[] = [
  {
    name: "the character device of the header's chip is found by its label, beside another chip",
    async run(machine) {
      const chip = chipOf(machine);
      assert.equal(chip.lines, machine.kind.ngpio);
      return chip.path;
    },
  },
  {
    name: "a line is refused to a second holder, and the refusal names the first",
    async run(machine) {
      const chip = chipOf(machine);
      const first = requestLine(chip, { line: LINE, consumer: "somebody's fan", config: output }, devices);
      assert.equal(machine.line(LINE)?.level, 1);
      assert.throws(
        () => requestLine(chip, { line: LINE, consumer: "second", config: output }, devices),
        (error) =>
          error instanceof LineError && error.code === "busy" && error.message.includes("somebody's fan"),
      );
      first.release();
      assert.equal(holderOf(chip, LINE, devices), undefined);
    },
  },
  {
    name: "a line asked for as it is tells its level, and then is an output in one step",
    async run(machine) {
      const chip = chipOf(machine);
      machine.leaveOn(LINE);
      const held = requestLine(chip, { line: LINE, consumer: "look", config: { flags: 0 } }, devices);
      assert.equal(held.read(), 1);
      const writes = machine.line(LINE)?.writes ?? 0;
      held.configure({ flags: flags.output, level: 0 });
      assert.equal(machine.line(LINE)?.level, 0);
      assert.equal(machine.line(LINE)?.writes, writes + 1);
      // What an inherited descriptor is.
      const copy = new HeldLine(chip, LINE, held.descriptor, devices);
      copy.write(1);
      assert.equal(held.read(), 1);
      copy.write(0);
      held.release();
    },
  },
];
