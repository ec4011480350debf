/** The contracts that the virtual hat keeps, kept by the kernel's bus and lines under our adapters as well. */
import { openKernelI2c } from "../../../src/board/kernel/i2c.ts";
import { openGpio } from "../../../src/board/kernel/open-gpio.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { type GpioRig, gpioContract } from "../../contract/gpio-contract.ts";
import { type BusRig, i2cBusContract, type RigFault } from "../../contract/i2c-bus-contract.ts";
import { devices, type Fault, type Machine, SHT31 } from "./machine.ts";
import type { Scenario } from "./scenario.ts";

const faultNames: Readonly<Record<RigFault, Fault>> = { nack: "nack", timeout: "timeout", "bad-crc": "crc" };

async function busRig(machine: Machine): Promise<BusRig> {
  return {
    bus: await openKernelI2c(1, { clock: systemClock }),
    clock: systemClock,
    setAir: (temperature, humidity) => machine.setAir(temperature, humidity),
    fault: (kind, count) =>
      kind === "none" ? machine.endFaults() : machine.fault(faultNames[kind], SHT31, count),
  };
}

/** The way that the machine is for, so that no contract runs on another one unnoticed. */
const gpioSource = ({ kind }: Machine) => ({ backend: kind.gpio, sysRoot: "/sys", devices });

async function gpioRig(machine: Machine): Promise<GpioRig> {
  return {
    gpio: await openGpio([machine.kind.label], gpioSource(machine), { clock: systemClock }),
    clock: systemClock,
    outputs: [20, 21],
    inputs: [23, 25],
    beyond: machine.kind.ngpio,
    drive: (line, level) => machine.input(line, level),
    level: (line) => machine.line(line)?.level ?? 0,
  };
}

/** One rig for the whole of a contract, opened by the first that needs it: the last one closes it. */
function scenarios<Rig>(
  subject: string,
  contract: readonly { readonly name: string; run(rig: Rig): Promise<void> }[],
  open: (machine: Machine) => Promise<Rig>,
): Scenario[] {
  let rig: Promise<Rig> | undefined;
  return contract.map(({ name, run }) => ({
    name: `${subject} ${name}`,
    run: async (machine) => {
      rig ??= open(machine);
      await run(await rig);
    },
  }));
}

export const busContract = scenarios("the kernel's I²C bus", i2cBusContract, busRig);
export const lineContract = scenarios("the kernel's GPIO", gpioContract, gpioRig);
