/**
 * Folder doctor/: examines this machine and reports what to fix. Drives nothing.
 *
 * The whole examination: every check, in the order in which problems should be fixed.
 *
 * Guarantee: it never throws and never drives anything; whatever is broken, every check that can still run
 * does.
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
import { type BrokerExamination, examineBroker } from "../home-assistant-process/examine-broker.ts";
import type { RunningStatus } from "../service/running-status.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import type { SettingsSource } from "../storage/settings-file.ts";
import { addressChecks, checkAddresses } from "./addresses.ts";
import { bootChecks, checkBootLines } from "./boot-lines.ts";
import { checkBoard, checkComputer, checkManifest, checkSettings, modelOf } from "./configuration.ts";
import { checkDataFolder, checkFreeSpace, checkKeptAside, checkState } from "./data.ts";
import { readBootConfig } from "./facts/boot-config.ts";
import { joinRemedy } from "./facts/groups.ts";
import { type Finding, fail, ok, skip } from "./finding.ts";
import { checkGpio, lineIds } from "./gpio.ts";
import { checkI2cDevice, checkI2cPermission } from "./i2c.ts";
import { checkInstance } from "./instance.ts";
import type { Machine } from "./machine.ts";
import { checkClock, checkClockSync, checkNode, checkPackages, checkPower } from "./program.ts";
import { checkAlerts } from "./remote/alerts.ts";
import { checkCredentials } from "./remote/credentials.ts";
import { checkLocalSocket } from "./remote/local-socket.ts";
import { checkUpdates } from "./remote/updates.ts";
import { checkService } from "./service.ts";

export interface Examination {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly data: DataFolder;
  readonly settingsFile: SettingsSource;
  /** Folder of the public keys whose update images are accepted. */
  readonly keysFolder: string;
  /** The board named on the command line, which takes precedence over the settings. */
  readonly board?: string | undefined;
  /** The manifest file, when it is not the package's own. */
  readonly manifestFile?: string;
  /** The unit file that this program would install; `undefined`: do not compare. May throw StartupError. */
  readonly unit?: () => string | undefined;
  /** Version of this program. */
  readonly version?: string;
  readonly drivers: Drivers;
  /** @throws CredentialError (as a rejection) */
  readonly credentials: () => Promise<Credentials | undefined>;
  readonly broker: Pick<BrokerExamination, "load" | "reach">;
}

/** The parts with native code, so that tests can examine a virtual hat. */
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
  /** A check that throws is a finding too, and the others continue. */
  const attempt = async <T>(name: string, check: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await check();
    } catch (error) {
      const detail = `this check failed unexpectedly: ${messageOf(error)}`;
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
  const requested = examination.board ?? settings?.board ?? "auto";
  const { gpioBackend = "auto" } = settings ?? {};
  const board = await attempt("board", () => checkBoard(machine, { requested, gpioBackend }, data.path));
  findings.push(...(board?.findings ?? []));
  const choice = board?.choice;
  const manifest =
    choice && (await attempt("manifest", () => checkManifest(choice, examination.manifestFile)));
  findings.push(
    ...(manifest?.findings ?? [skip("manifest", "it can only be checked against a valid board")]),
  );
  const real = choice?.wiring.backend === "kernel";
  await add("native-packages", () => checkPackages(drivers.unbuilt(), real));
  const instance = await attempt("instance", () => checkInstance(machine, data, choice));
  const service = await attempt("service", () =>
    checkService(machine, examination.unit?.(), examination.version ?? "", data),
  );
  const running = instance?.running !== false || service?.running === true;
  const hat = { choice, manifest: manifest?.manifest, running, status: service?.status };
  const hasService = (service?.findings.length ?? 0) > 0;
  await add("hardware", async () => {
    const found = await examineHat(examination, hat);
    return hasService ? withServiceInstalled(machine, found) : found;
  });
  await add("clock", () => [checkClock(clock), checkClockSync(machine)]);
  await add("data-folder", () => checkDataFolder(machine, data));
  await add("free-space", () => checkFreeSpace(machine, data, manifest?.manifest?.storageKb ?? 1024));
  await add("state-file", () => [checkState(machine, data), ...checkKeptAside(machine, data)]);
  await add("credentials", () => checkCredentials(examination.credentials, clock, manifest?.manifest));
  await add("home-assistant", () =>
    examineBroker({ ...examination.broker, manifest: manifest?.manifest }).then((finding) => [finding]),
  );
  const { keysFolder } = examination;
  await add("updates", () =>
    checkUpdates({ machine, clock, data, keysFolder, manifest: manifest?.manifest }),
  );
  await add("alerts", async () => [await checkAlerts(machine, data, manifest?.manifest)]);
  await add("local-socket", async () => [await checkLocalSocket(machine, data, instance?.ownFolder)]);
  if (instance && (instance.running || service?.running !== true)) findings.push(instance.finding);
  findings.push(...(service?.findings ?? []));
  return findings;
}

/**
 * With a service, this user need not be in the groups: the service's own user is (see its unit and
 * checkService).
 */
function withServiceInstalled(machine: Machine, findings: readonly Finding[]): Finding[] {
  const remedies = ["i2c", "gpio"].map((group) => joinRemedy(machine, group));
  const why = `${machine.user.name} may not use it, but need not: the service does`;
  return findings.map((finding) =>
    finding.remedy !== undefined && remedies.includes(finding.remedy) ? skip(finding.check, why) : finding,
  );
}

interface HatToExamine {
  readonly choice: BoardChoice | undefined;
  readonly manifest: Manifest | undefined;
  readonly running: boolean;
  /** What the service's loop reports about parts that only the loop may use. */
  readonly status: RunningStatus | undefined;
}

async function examineHat(examination: Examination, hat: HatToExamine): Promise<Finding[]> {
  const { machine, clock, drivers } = examination;
  const { choice, manifest, running, status } = hat;
  if (choice === undefined) return [skip("hardware", "it can only be checked against a valid board")];
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
    const why = "the virtual hat is used, which needs no hardware";
    return [...checks, ...lineIds(wiring), ...bootChecks].map((check) => skip(check, why));
  }
  const config = readBootConfig(machine, modelOf(machine));
  const device = checkI2cDevice(machine, wiring.i2cBus, config);
  const permission = checkI2cPermission(machine, wiring.i2cBus);
  const skipAddresses = (why: string): Finding[] => addressChecks.map((check) => skip(check, why));
  const addresses = async (): Promise<Finding[]> => {
    if (status?.temperature !== undefined && status.humidity !== undefined) {
      const values = `${status.temperature.toFixed(1)} °C, ${status.humidity.toFixed(0)} % r.h.`;
      const [sensor, ...others] = skipAddresses("the firmware runs: two masters would disturb each other");
      return [ok(sensor?.check ?? "sensor", `the running firmware reads ${values}`), ...others];
    }
    if (running)
      return skipAddresses(
        "the firmware runs: two masters would disturb each other; stop the firmware to check them",
      );
    if (device.status === "fail" || permission.status === "fail")
      return skipAddresses("the bus cannot be used");
    if (manifest === undefined) return skipAddresses("without a valid manifest no address may be used");
    if (drivers.unbuilt() !== undefined) return skipAddresses("the native packages are not built");
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
