/**
 * Finds out whether the firmware runs on this machine, from the locks of the hardware and of the data folder.
 *
 * Guarantee: no line is opened. If it is unknown, the firmware counts as running, so that nothing is
 * disturbed.
 */

import { LineError } from "../../chips/lines.ts";
import { type BoardChoice, defaultRelay, gpioSource } from "../choose-board.ts";
import { lineOf } from "../guardian/hardware.ts";
import { probeEveryLine, probeLock } from "../guardian/hardware-lock.ts";
import { describeHolder } from "../guardian/holder-note.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { type Finding, ok, warn } from "./finding.ts";
import type { Machine } from "./machine.ts";

export interface InstanceCheck {
  readonly finding: Finding;
  readonly running: boolean;
  /** On the data folder that is examined. */
  readonly ownFolder?: boolean;
}

const check = "instance";

/** @param choice the board under examination; `undefined` when its definition is broken */
export function checkInstance(
  machine: Machine,
  data: DataFolder,
  choice: BoardChoice | undefined,
): InstanceCheck {
  const folder = probeLock({ kind: "folder", path: machine.resolve(data.path) });
  const ownFolder = folder.kind === "refused";
  const running = (detail: string): InstanceCheck => ({
    finding: ok(check, detail),
    running: true,
    ownFolder,
  });
  const kernelBoard = choice?.wiring.backend === "kernel" ? choice : undefined;
  const gpio = kernelBoard?.gpio ?? gpioSource(machine.resolve("/sys"), "auto", machine.gpioDevices);
  const relay = kernelBoard?.wiring ?? defaultRelay(gpio);
  const line = relay && lineOf({ relay, gpio });
  const lockFolder = machine.resolve("/run/lock");
  const hardware = line && !(line instanceof LineError) ? probeLock(line, lockFolder) : undefined;
  if (hardware?.kind === "refused") {
    return running(`the firmware runs and drives the hat: ${describeHolder(hardware.holder)}`);
  }
  const other = hardware === undefined ? probeEveryLine(lockFolder) : undefined;
  if (other !== undefined) return running(`the firmware runs: ${describeHolder(other.holder)}`);
  if (folder.kind === "refused") {
    return running(`the firmware runs on this data folder: ${describeHolder(folder.holder)}`);
  }
  if (hardware?.kind === "unknown") {
    const detail = `it is unknown whether the firmware runs: ${hardware.why}`;
    const finding = warn(
      check,
      detail,
      "Install the program flock (package util-linux), then run this again.",
    );
    return { finding, running: true };
  }
  return { finding: ok(check, "the firmware does not run now"), running: false };
}
