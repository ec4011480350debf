/**
 * Asks the parts on the bus for an answer: only addresses that the manifest grants, through its gate; and where no sensor
 * answers, by reading one byte, what else may be there (strangers.ts).
 *
 * Guarantee: nothing is shown, nothing switched; a part that is silent or garbled is a finding, never an exception;
 * the bus is closed again.
 */

import type { Clock } from "../../base/clock.ts";
import { displayRows } from "../../board/screen/displays.ts";
import { findDisplay, UnknownDisplayError } from "../../board/screen/find-display.ts";
import { FoundSensor } from "../../board/sensor/find-sensor.ts";
import { sensorKinds } from "../../board/sensor/sensor.ts";
import { BusError, type I2cBus } from "../../chips/bus.ts";
import type { SensorFailure, SensorReading } from "../../control/input.ts";
import { gatedBus } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { displayKinds, displayNames } from "../../model/displays.ts";
import { strangersOn } from "./facts/strangers.ts";
import { type Finding, fail, ok, skip, warn } from "./finding.ts";
import type { Machine } from "./machine.ts";
import { rebuild } from "./program.ts";

export const addressChecks = ["sensor", "display", "base-hat"] as const;

export interface AddressesOptions {
  readonly machine: Machine;
  readonly bus: number;
  readonly manifest: Manifest;
  readonly clock: Clock;
  /** Ungated. @throws BusError (as a rejection) */
  readonly openBus: (bus: number) => Promise<I2cBus>;
}

export async function checkAddresses(options: AddressesOptions): Promise<Finding[]> {
  const { machine, bus, manifest, clock, openBus } = options;
  let raw: I2cBus;
  try {
    raw = await openBus(bus);
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    const unloadable = error.code === "no-driver";
    const detail = unloadable
      ? "the package i2c-bus does not load: built for another Node.js?"
      : error.message;
    const remedy = unloadable ? rebuild : "See: sudo dmesg | grep i2c";
    const silent = addressChecks.map((check) => skip(check, "the bus cannot be opened"));
    return [fail("i2c-driver", detail, remedy), ...silent];
  }
  try {
    const granted = new Set(manifest.i2c.get(bus)?.addresses);
    const taken = [...granted].flatMap((address) => checkKernelDriver(machine, bus, address));
    const gated = gatedBus(raw, bus, manifest);
    return [
      ...taken,
      await explainSilence(await checkSensor(gated, clock, granted), raw),
      await checkDisplay(gated, clock, granted),
      await checkBaseHat(gated, granted),
    ];
  } finally {
    await raw.close().catch(() => undefined);
  }
}

/** A driver of the kernel that is bound to an address keeps everybody else from it (EBUSY). */
function checkKernelDriver(machine: Machine, bus: number, address: number): Finding[] {
  const folder = `/sys/bus/i2c/devices/${bus}-${address.toString(16).padStart(4, "0")}`;
  if (machine.kind(`${folder}/driver`) === undefined) return [];
  const name = machine.read(`${folder}/name`)?.trim() ?? "unknown";
  const detail = `${hex(address)} is held by the kernel driver "${name}"`;
  return [
    fail("i2c-driver", detail, "Remove its dtoverlay (such as i2c-sensor) from config.txt, then restart."),
  ];
}

const seat = "Check that the hat sits on all pins and the cable in an I2C socket, then: grove-heater doctor";

const sensorNames = sensorKinds.map(({ name }) => name).join(" or ");
const sensorAddresses = [...new Set(sensorKinds.flatMap(({ addresses }) => addresses))];

async function checkSensor(bus: I2cBus, clock: Clock, granted: ReadonlySet<number>): Promise<Finding> {
  const check = "sensor";
  const addresses = sensorAddresses.filter((address) => granted.has(address));
  if (addresses.length === 0) {
    const remedy = `Add "${hex(sensorAddresses[0] ?? 0)}" to I2cAddresses in the manifest.`;
    return fail(check, `the manifest grants no address of an ${sensorNames}`, remedy);
  }
  const sensor = new FoundSensor(bus, clock, (address) => granted.has(address));
  const reading = await readForCertain(sensor);
  if (reading.kind === "ok") {
    const { temperature, humidity } = reading;
    const { name, address = 0 } = sensor.found ?? {};
    const values = `${temperature.toFixed(1)} °C, ${humidity.toFixed(0)} % r.h.`;
    return ok(check, `${name} at ${hex(address)} reads ${values}`);
  }
  const [detail, remedy] = silence[reading.reason];
  const where = addresses.map(hex).join(" or ");
  return fail(check, `no reading from an ${sensorNames} at ${where}: ${detail}`, remedy);
}

/** A sensor that is silent may be another one, or sit elsewhere. */
async function explainSilence(finding: Finding, bus: I2cBus): Promise<Finding> {
  if (finding.status === "ok") return finding;
  const found = await strangersOn(bus, new Set(sensorAddresses));
  if (found.length === 0) return finding;
  const what = found
    .map(({ address, usually }) => `${hex(address)}, where ${usually} sits`)
    .join("; and at ");
  const remedy = `This firmware reads an ${sensorNames} at ${sensorAddresses.map(hex).join(" or ")}: use such a module, or set its address bridge.`;
  return fail("sensor", `${finding.detail}; something answers at ${what}`, remedy);
}

/** What answers wrongly is asked again, until the drivers know whether it is a sensor at all. */
async function readForCertain(sensor: FoundSensor): Promise<SensorReading> {
  let reading = await sensor.read();
  for (let again = 0; again < 2; again++) {
    if (reading.kind === "ok" || (reading.reason !== "bad-crc" && reading.reason !== "nack")) break;
    reading = await sensor.read();
  }
  return reading;
}

const noise = "Use a shorter cable, away from the mains, and one sensor only.";
const silence: Readonly<Record<SensorFailure, readonly [detail: string, remedy: string]>> = {
  nack: ["nothing answers", seat],
  absent: ["the bus went away", seat],
  timeout: [
    "the bus is stuck",
    "Unplug the modules one after the other to find the one that holds it, then cut and restore the power.",
  ],
  "bad-crc": ["its answers are garbled (bad CRC)", noise],
  "wrong-chip": [
    `something answers, but not as an ${sensorNames} does`,
    "Another chip has this address, or the sensor is broken: unplug the other modules, else replace the sensor.",
  ],
  "heater-on": [
    "the heater inside the sensor stays on, so it reads too warm",
    "Stop other programs that use the sensor; cut its power for a moment, else replace it.",
  ],
  bus: ["transfers fail", `See sudo dmesg | grep i2c; a kernel driver may hold the address. ${noise}`],
};

const displayAddresses = [...new Set(Object.values(displayRows).flatMap(({ addresses }) => addresses))];

async function checkDisplay(bus: I2cBus, clock: Clock, granted: ReadonlySet<number>): Promise<Finding> {
  const check = "display";
  const addresses = displayAddresses.filter((address) => granted.has(address));
  if (addresses.length === 0) return skip(check, "the manifest grants no address of a display");
  let unknown: UnknownDisplayError | undefined;
  for (const address of addresses) {
    try {
      const display = await findDisplay(bus, clock, { address });
      if (display === undefined) continue;
      const { kind } = display;
      // It is write-only: that something acknowledges is all that can be seen of it.
      const note =
        displayRows[kind].ids === undefined ? ", by its address alone: it cannot be asked what it is" : "";
      return ok(check, `${displayNames[kind]} at ${hex(address)}${note}`);
    } catch (error) {
      if (error instanceof UnknownDisplayError) unknown ??= error;
      else if (error instanceof BusError)
        return warn(check, error.message, "The heater runs without a display.");
      else throw error;
    }
  }
  if (unknown) {
    const remedy = `The heater runs without. A display that this firmware knows: ${displayKinds.join(", ")}.`;
    return warn(check, unknown.message, remedy);
  }
  return warn(check, `none answers at ${addresses.map(hex).join(", ")}`, `The heater runs without. ${seat}`);
}

/** The hat's converter: 0x04 with an STM32, 0x08 with an MM32 (Seeed's grove.py). */
const converters = [0x04, 0x08];
const hatIds: Readonly<Record<number, string>> = { 4: "Grove Base Hat", 5: "Grove Base Hat for Pi Zero" };

async function checkBaseHat(bus: I2cBus, granted: ReadonlySet<number>): Promise<Finding> {
  const check = "base-hat";
  const addresses = converters.filter((address) => granted.has(address));
  if (addresses.length === 0)
    return skip(check, "the manifest does not grant its converter, which is not needed");
  let stranger: string | undefined;
  for (const address of addresses) {
    try {
      await bus.write(address, Uint8Array.of(0x00));
      const [low = 0, high = 0] = await bus.read(address, 2);
      const id = (high << 8) | low;
      const name = hatIds[id];
      if (name !== undefined) return ok(check, `${name} at ${hex(address)}`);
      stranger ??= `what answers at ${hex(address)} is no converter of a Grove Base Hat (id ${id})`;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
    }
  }
  if (stranger !== undefined)
    return warn(check, stranger, "It is not needed. Another module may have the address.");
  return warn(check, `its converter does not answer at ${addresses.map(hex).join(", ")}`, seat);
}

const hex = (address: number): string => `0x${address.toString(16).padStart(2, "0")}`;
