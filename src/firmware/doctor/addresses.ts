/**
 * Checks that the parts on the I²C bus answer. It uses only addresses that the manifest grants, through its
 * gate. If no sensor answers, it looks for other chips by reading one byte each (other-chips.ts).
 *
 * Guarantee: nothing is displayed or switched; a part that does not answer, or answers wrongly, is a finding
 * and never an exception; the bus is closed again.
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
import { displayKinds } from "../../model/displays.ts";
import { otherChipsOn } from "./facts/other-chips.ts";
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
    const loadFailed = error.code === "no-driver";
    const detail = loadFailed
      ? "the package i2c-bus does not load: built for another Node.js?"
      : error.message;
    const remedy = loadFailed ? rebuild : "See: sudo dmesg | grep i2c";
    const skipped = addressChecks.map((check) => skip(check, "the bus cannot be opened"));
    return [fail("i2c-driver", detail, remedy), ...skipped];
  }
  try {
    const granted = new Set(manifest.i2c.get(bus)?.addresses);
    const kernelDrivers = [...granted].flatMap((address) => checkKernelDriver(machine, bus, address));
    const gated = gatedBus(raw, bus, manifest);
    return [
      ...kernelDrivers,
      await explainNoSensor(await checkSensor(gated, clock, granted), raw),
      await checkDisplay(gated, clock, granted),
      await checkBaseHat(gated, granted),
    ];
  } finally {
    await raw.close().catch(() => undefined);
  }
}

/** While a kernel driver is bound to an address, nobody else can use it (EBUSY). */
function checkKernelDriver(machine: Machine, bus: number, address: number): Finding[] {
  const folder = `/sys/bus/i2c/devices/${bus}-${address.toString(16).padStart(4, "0")}`;
  if (machine.kind(`${folder}/driver`) === undefined) return [];
  const name = machine.read(`${folder}/name`)?.trim() ?? "unknown";
  const detail = `${hex(address)} is held by the kernel driver "${name}"`;
  return [
    fail("i2c-driver", detail, "Remove its dtoverlay (such as i2c-sensor) from config.txt, then restart."),
  ];
}

const checkCables =
  "Check that the hat is on all pins and the cable in an I2C socket, then run: grove-heater doctor";

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
  const reading = await readWithRetries(sensor);
  if (reading.kind === "ok") {
    const { temperature, humidity } = reading;
    const { name, address = 0 } = sensor.found ?? {};
    const values = `${temperature.toFixed(1)} °C, ${humidity.toFixed(0)} % r.h.`;
    return ok(check, `${name} at ${hex(address)} reads ${values}`);
  }
  const [detail, remedy] = sensorFailures[reading.reason];
  const where = addresses.map(hex).join(" or ");
  return fail(check, `no reading from an ${sensorNames} at ${where}: ${detail}`, remedy);
}

/** Where no sensor answers, another kind of sensor, or one at another address, may be connected. */
async function explainNoSensor(finding: Finding, bus: I2cBus): Promise<Finding> {
  if (finding.status === "ok") return finding;
  const found = await otherChipsOn(bus, new Set(sensorAddresses));
  if (found.length === 0) return finding;
  const what = found
    .map(({ address, usualChip }) => `${hex(address)}, the usual address of ${usualChip}`)
    .join("; and at ");
  const remedy = `This firmware reads an ${sensorNames} at ${sensorAddresses.map(hex).join(" or ")}: use such a module, or set its address jumper.`;
  return fail("sensor", `${finding.detail}; something answers at ${what}`, remedy);
}

/** Repeats a failed reading, until the drivers know whether the chip is a sensor at all. */
async function readWithRetries(sensor: FoundSensor): Promise<SensorReading> {
  let reading = await sensor.read();
  for (let retry = 0; retry < 2; retry++) {
    if (reading.kind === "ok" || (reading.reason !== "bad-crc" && reading.reason !== "nack")) break;
    reading = await sensor.read();
  }
  return reading;
}

const reduceNoise = "Use a shorter cable, keep it away from mains cables, and connect one sensor only.";
const sensorFailures: Readonly<Record<SensorFailure, readonly [detail: string, remedy: string]>> = {
  nack: ["nothing answers", checkCables],
  absent: ["the bus disappeared", checkCables],
  timeout: [
    "the bus is stuck",
    "Unplug the modules one by one to find the one that blocks it, then switch the power off and on.",
  ],
  "bad-crc": ["its answers are corrupted (bad CRC)", reduceNoise],
  "wrong-chip": [
    `something answers, but not like an ${sensorNames}`,
    "Another chip has this address, or the sensor is broken: unplug the other modules; if that does not help, replace the sensor.",
  ],
  "heater-on": [
    "the heater inside the sensor stays on, so it reads too warm",
    "Stop other programs that use the sensor; disconnect its power for a moment; if that does not help, replace it.",
  ],
  bus: ["transfers fail", `See sudo dmesg | grep i2c; a kernel driver may use the address. ${reduceNoise}`],
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
      // It is write-only: all that can be known of it is that something acknowledges.
      const note =
        displayRows[kind].ids === undefined ? ", known by its address alone: it cannot report its type" : "";
      return ok(check, `${displayRows[kind].label} at ${hex(address)}${note}`);
    } catch (error) {
      if (error instanceof UnknownDisplayError) unknown ??= error;
      else if (error instanceof BusError)
        return warn(check, error.message, "The heater runs without a display.");
      else throw error;
    }
  }
  if (unknown) {
    const remedy = `The heater runs without one. Supported displays: ${displayKinds.join(", ")}.`;
    return warn(check, unknown.message, remedy);
  }
  const remedy = `The heater runs without one. ${checkCables}`;
  return warn(check, `no display answers at ${addresses.map(hex).join(", ")}`, remedy);
}

/** The hat's analogue-to-digital converter: 0x04 with an STM32, 0x08 with an MM32 (Seeed's grove.py). */
const adcAddresses = [0x04, 0x08];
const hatIds: Readonly<Record<number, string>> = { 4: "Grove Base Hat", 5: "Grove Base Hat for Pi Zero" };

async function checkBaseHat(bus: I2cBus, granted: ReadonlySet<number>): Promise<Finding> {
  const check = "base-hat";
  const addresses = adcAddresses.filter((address) => granted.has(address));
  if (addresses.length === 0) return skip(check, "the manifest does not grant its ADC, which is not needed");
  let wrongChip: string | undefined;
  for (const address of addresses) {
    try {
      await bus.write(address, Uint8Array.of(0x00));
      const [low = 0, high = 0] = await bus.read(address, 2);
      const id = (high << 8) | low;
      const name = hatIds[id];
      if (name !== undefined) return ok(check, `${name} at ${hex(address)}`);
      wrongChip ??= `the chip at ${hex(address)} is not the ADC of a Grove Base Hat (id ${id})`;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
    }
  }
  if (wrongChip !== undefined)
    return warn(check, wrongChip, "The ADC is not needed. Another module may have this address.");
  return warn(check, `its ADC does not answer at ${addresses.map(hex).join(", ")}`, checkCables);
}

const hex = (address: number): string => `0x${address.toString(16).padStart(2, "0")}`;
