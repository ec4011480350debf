/**
 * Folder doctor/: looks at this machine and says what to fix. Drives nothing.
 *
 * The whole examination: every check in the order in which one would fix things.
 *
 * Guarantee: it never throws and never drives anything; whatever is broken, the checks that can still run do.
 */

import type { Credentials } from "../../azure/credentials/credentials.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { GpioSource } from "../../board/kernel/gpio-backend.ts";
import { openKernelI2c } from "../../board/kernel/i2c.ts";
import { openGpio } from "../../board/kernel/open-gpio.ts";
import type { I2cBus } from "../../chips/bus.ts";
import type { GpioPort } from "../../chips/lines.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { type BoardChoice, unbuiltPackage } from "../choose-board.ts";
import type { RunningStatus } from "../service/running-status.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import type { SettingsSource } from "../storage/settings-file.ts";
import { addressChecks, checkAddresses } from "./addresses.ts";
import { bootChecks, checkBootLines } from "./boot-lines.ts";
import { checkBoard, checkComputer, checkManifest, checkSettings, modelOf } from "./configuration.ts";
import { checkCredentials } from "./credentials.ts";
import { checkDataFolder, checkFreeSpace, checkKeptAside, checkState } from "./data.ts";
import { readBootConfig } from "./facts/boot-config.ts";
import { type Finding, fail, ok, skip } from "./finding.ts";
import { checkGpio, lineIds } from "./gpio.ts";
import { joinRemedy } from "./groups.ts";
import { checkI2cDevice, checkI2cPermission } from "./i2c.ts";
import { checkInstance } from "./instance.ts";
import type { Machine } from "./machine.ts";
import { checkClock, checkClockSync, checkNode, checkPackages, checkPower } from "./program.ts";
import { checkService } from "./service.ts";

export interface Examination {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly data: DataFolder;
  readonly settingsFile: SettingsSource;
  /** The board asked for on the command line, before the settings. */
  readonly board?: string | undefined;
  /** The manifest file, when it is not the package's own. */
  readonly manifestFile?: string;
  /** The unit that this program would install; without it the installed one is not compared. May throw StartupError. */
  readonly unit?: () => string | undefined;
  /** Of this program. */
  readonly version?: string;
  readonly drivers: Drivers;
  /** @throws CredentialError (as a rejection) */
  readonly credentials: () => Promise<Credentials | undefined>;
}

/** The native parts, so that tests examine a virtual hat. */
export interface Drivers {
  /** The name of a native package that is not built. */
  unbuilt(): string | undefined;
  /** @throws BusError (as a rejection) */
  openBus(bus: number): Promise<I2cBus>;
  /** Opens no line. @throws LineError (as a rejection) */
  openGpio(labels: readonly string[], source: GpioSource): Promise<GpioPort>;
}

export function systemDrivers(clock: Clock): Drivers {
  return {
    unbuilt: unbuiltPackage,
    openBus: (bus) => openKernelI2c(bus, { clock }),
    openGpio: (labels, source) => openGpio(labels, source, { clock }),
  };
}

export async function examine(examination: Examination): Promise<Finding[]> {
  const { machine, clock, data, settingsFile, drivers } = examination;
  const findings: Finding[] = [];
  /** A check that breaks is a finding too, and the others go on. */
  const attempt = async <T>(name: string, check: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await check();
    } catch (error) {
      const detail = `this check broke off: ${messageOf(error)}`;
      findings.push(
        fail(name, detail, "This is a bug: please report it with the output of grove-heater doctor --json"),
      );
      return undefined;
    }
  };
  const add = async (
    name: string,
    check: () => Finding | readonly Finding[] | Promise<readonly Finding[]>,
  ) => {
    const found = await attempt(name, check);
    if (found) findings.push(...[found].flat());
  };
  await add("node", () => checkNode(machine));
  await add("computer", () => checkComputer(machine));
  const settings = await attempt("settings", () => checkSettings(machine, settingsFile));
  findings.push(...(settings?.findings ?? []));
  const asked = examination.board ?? settings?.board ?? "auto";
  const { gpioBackend = "auto" } = settings ?? {};
  const board = await attempt("board", () => checkBoard(machine, { asked, gpioBackend }, data.path));
  findings.push(...(board?.findings ?? []));
  const choice = board?.choice;
  const manifest =
    choice && (await attempt("manifest", () => checkManifest(choice, examination.manifestFile)));
  findings.push(...(manifest?.findings ?? [skip("manifest", "it can only be read against a board")]));
  const real = choice?.wiring.backend === "kernel";
  await add("native-packages", () => checkPackages(drivers.unbuilt(), real));
  const instance = await attempt("instance", () => checkInstance(machine, data, choice));
  const service = await attempt("service", () =>
    checkService(machine, examination.unit?.(), examination.version ?? "", data),
  );
  const running = instance?.running !== false || service?.running === true;
  const hat = { choice, manifest: manifest?.manifest, running, told: service?.told };
  const served = (service?.findings.length ?? 0) > 0;
  await add("hardware", async () => {
    const found = await examineHat(examination, hat);
    return served ? forTheService(machine, found) : found;
  });
  await add("clock", () => [checkClock(clock), checkClockSync(machine)]);
  await add("data-folder", () => checkDataFolder(machine, data));
  await add("free-space", () => checkFreeSpace(machine, data, manifest?.manifest?.storageKb ?? 1024));
  await add("state-file", () => [checkState(machine, data), ...checkKeptAside(machine, data)]);
  await add("credentials", () => checkCredentials(examination.credentials, clock, manifest?.manifest));
  if (instance && (instance.running || service?.running !== true)) findings.push(instance.finding);
  findings.push(...(service?.findings ?? []));
  return findings;
}

/** With a service, this user need not be in the groups: the service's own user is (its unit, checkService). */
function forTheService(machine: Machine, findings: readonly Finding[]): Finding[] {
  const remedies = ["i2c", "gpio"].map((group) => joinRemedy(machine, group));
  const why = `${machine.user.name} may not use it, and need not: the service does`;
  return findings.map((finding) =>
    finding.remedy !== undefined && remedies.includes(finding.remedy) ? skip(finding.check, why) : finding,
  );
}

interface HatToExamine {
  readonly choice: BoardChoice | undefined;
  readonly manifest: Manifest | undefined;
  readonly running: boolean;
  /** What a service's loop tells of the parts that only it may ask. */
  readonly told: RunningStatus | undefined;
}

async function examineHat(examination: Examination, hat: HatToExamine): Promise<Finding[]> {
  const { machine, clock, drivers } = examination;
  const { choice, manifest, running, told } = hat;
  if (choice === undefined) return [skip("hardware", "without a board there is nothing to look for")];
  const { wiring } = choice;
  if (wiring.backend === "virtual") {
    const checks = [
      "power",
      "i2c-device",
      "i2c-permission",
      ...addressChecks,
      "gpio-chip",
      "gpio-permission",
    ];
    const why = "the virtual hat will be used, which needs none";
    return [...checks, ...lineIds(wiring), ...bootChecks].map((check) => skip(check, why));
  }
  const config = readBootConfig(machine, modelOf(machine));
  const device = checkI2cDevice(machine, wiring.i2cBus, config);
  const permission = checkI2cPermission(machine, wiring.i2cBus);
  const silent = (why: string): Finding[] => addressChecks.map((check) => skip(check, why));
  const addresses = async (): Promise<Finding[]> => {
    if (told?.temperature !== undefined && told.humidity !== undefined) {
      const values = `${told.temperature.toFixed(1)} °C, ${told.humidity.toFixed(0)} % r.h.`;
      const [sensor, ...others] = silent("the firmware runs: two masters would disturb each other");
      return [ok(sensor?.check ?? "sensor", `reads ${values}, as the running firmware tells`), ...others];
    }
    if (running)
      return silent(
        "the firmware runs: two masters would disturb each other; stop the firmware to check them",
      );
    if (device.status === "fail" || permission.status === "fail") return silent("the bus cannot be used");
    if (manifest === undefined) return silent("without a manifest nothing may be asked");
    if (drivers.unbuilt() !== undefined) return silent("the native packages are not built");
    return checkAddresses({ machine, bus: wiring.i2cBus, manifest, clock, openBus: drivers.openBus });
  };
  return [
    checkPower(machine),
    device,
    permission,
    ...(await addresses()),
    ...(await checkGpio(machine, { wiring, source: choice.gpio, openGpio: drivers.openGpio, running })),
    ...checkBootLines(machine, { wiring, gpio: choice.gpio }, config),
  ];
}
