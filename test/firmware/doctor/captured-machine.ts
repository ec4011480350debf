/** A machine on disk, below a temporary folder, with a virtual hat behind its drivers: for the doctor to look at. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { celsius, relativeHumidity, wallMillis } from "../../../src/base/units.ts";
import type { GpioDevices } from "../../../src/board/kernel/chardev/devices.ts";
import type { I2cBus } from "../../../src/chips/bus.ts";
import { type GpioPort, LineError } from "../../../src/chips/lines.ts";
import { readBoard } from "../../../src/firmware/choose-board.ts";
import { type Drivers, type Examination, examine } from "../../../src/firmware/doctor/examine.ts";
import type { Finding } from "../../../src/firmware/doctor/finding.ts";
import { type Machine, systemMachine, type User } from "../../../src/firmware/doctor/machine.ts";
import { describeDataFolder } from "../../../src/firmware/storage/data-folder.ts";
import { dailyOutside, Room, roomPresets } from "../../../src/simulation/room/room.ts";
import { Surroundings } from "../../../src/simulation/room/surroundings.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { type DisplayKind, VirtualHat } from "../../../src/simulation/virtual-hat/virtual-hat.ts";

export const dataPath = "/home/pi/.local/state/grove-heater";
export const stateFile = `${dataPath}/state.json`;
export const keysPath = "/opt/grove-heater/current/keys";
export const settingsFile = `${dataPath}/settings.json`;

export type Files = Readonly<Record<string, string | undefined>>;

export interface Captured {
  /** One of test/fixtures/sys; "none": no sysfs GPIO. */
  readonly sys: string;
  /** With `sys: "none"`, what there is in its place. */
  readonly gpioDevices?: GpioDevices;
  /** By path; `undefined` takes a file of the usual machine away. */
  readonly files?: Files;
  /** Errno codes by path, for what the system refuses: tests may run as root, whom nothing is refused. */
  readonly refused?: Readonly<Record<string, string>>;
  readonly user?: Partial<User>;
  readonly nodeVersion?: string;
  readonly board?: string;
  readonly manifestFile?: string;
  readonly drivers?: Partial<Drivers>;
  readonly unit?: () => string | undefined;
  readonly version?: string;
  readonly credentials?: Examination["credentials"];
  readonly display?: DisplayKind;
  /** Wall time, as an ISO date. */
  readonly at?: string;
}

const group = ["root:x:0:", "gpio:x:986:pi", "i2c:x:988:pi", "pi:x:1000:"].join("\n");

/** A Raspberry Pi 4 as it should be. */
export const pi4: Files = {
  "/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
  "/boot/firmware/config.txt":
    "dtparam=i2c_arm=on\ndtparam=audio=on\n[all]\ngpio=19=pu\ndtoverlay=vc4-kms-v3d\n",
  "/boot/firmware/cmdline.txt": "console=serial0,115200 console=tty1 root=PARTUUID=1 rootwait\n",
  "/dev/i2c-1": "",
  "/etc/group": group,
  "/run/systemd/timesync/synchronized": "",
  "/sys/class/hwmon/hwmon1/name": "rpi_volt\n",
  "/sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
  "/home/pi/.bashrc": "",
};

export const laptop: Files = { "/etc/group": "root:x:0:", "/home/pi/.bashrc": "" };

export class CapturedMachine {
  readonly root = mkdtempSync(join(tmpdir(), "grove-doctor-"));
  readonly clock: VirtualClock;
  readonly hat: VirtualHat;
  /** I²C addresses that were written to or read from. */
  readonly asked = new Set<number>();
  /** Buses opened and not closed. */
  openBuses = 0;
  readonly #captured: Captured;

  constructor(usual: Files, captured: Captured) {
    this.#captured = captured;
    const wallStart = wallMillis(Date.parse(captured.at ?? "2026-11-20T19:00:00Z"));
    this.clock = new VirtualClock({ wallStart });
    const room = new Room(roomPresets.fanHeater, {
      temperature: celsius(17.6),
      humidity: relativeHumidity(48),
      seed: 1,
    });
    const { wiring } = readBoard("grove-heater-pi");
    const plant = new Surroundings(room, { outside: dailyOutside(celsius(2), 4) });
    this.hat = new VirtualHat({
      clock: this.clock,
      wiring,
      plant,
      display: captured.display ?? "oled-128x128",
    });
    const files = { ...usual, ...gpioFiles(captured.sys), ...captured.files };
    for (const [path, text] of Object.entries(files)) if (text !== undefined) this.write(path, text);
  }

  write(path: string, text: string): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  async examine(): Promise<Finding[]> {
    const {
      unit,
      version = "0.1.0",
      board,
      manifestFile,
      drivers,
      credentials = async () => undefined,
    } = this.#captured;
    const noLine = () => Promise.reject(new Error("the doctor must not open a line"));
    const gpio: GpioPort = { openOutput: noLine, openInput: noLine, close: () => undefined };
    const work = examine({
      machine: this.#machine(),
      clock: this.clock,
      data: describeDataFolder(dataPath),
      settingsFile: { path: settingsFile, named: false },
      keysFolder: keysPath,
      board,
      version,
      ...(unit && { unit }),
      ...(manifestFile && { manifestFile }),
      drivers: {
        unbuilt: () => undefined,
        openBus: async () => this.#bus(),
        openGpio: async () => gpio,
        ...drivers,
      },
      credentials,
      broker: { load: async () => undefined, reach: async () => undefined },
    });
    return await this.clock.run(work);
  }

  /** Every path below the root with its content: what must be the same afterwards. */
  snapshot(): Readonly<Record<string, string>> {
    const paths = readdirSync(this.root, { recursive: true, encoding: "utf8" });
    const content = (path: string) =>
      statSync(join(this.root, path)).isDirectory() ? "" : readFileSync(join(this.root, path), "utf8");
    return Object.fromEntries(paths.map((path) => [path, content(path)]));
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }

  #bus(): I2cBus {
    const { bus } = this.hat.connect();
    this.openBuses++;
    return {
      write: (address, bytes) => bus.write(this.#note(address), bytes),
      read: (address, length) => bus.read(this.#note(address), length),
      close: () => {
        this.openBuses--;
        return bus.close();
      },
    };
  }

  #note(address: number): number {
    this.asked.add(address);
    return address;
  }

  #machine(): Machine {
    const { refused = {}, user = {}, nodeVersion = "24.4.0", gpioDevices } = this.#captured;
    const machine = systemMachine(this.root);
    return {
      ...machine,
      ...(gpioDevices && { gpioDevices }),
      nodeVersion,
      user: { name: "pi", uid: 1000, gids: [1000, 986, 988], ...user },
      refusal: (path, use) => refused[path] ?? machine.refusal(path, use),
    };
  }
}

function gpioFiles(fixture: string): Record<string, string> {
  if (fixture === "none") return {};
  const file = new URL(`../../fixtures/sys/${fixture}.json`, import.meta.url);
  const { chips } = JSON.parse(readFileSync(file, "utf8")) as {
    chips: { label: string; base: number; ngpio: number }[];
  };
  const files: Record<string, string> = { "/sys/class/gpio/export": "", "/sys/class/gpio/unexport": "" };
  for (const { label, base, ngpio } of chips) {
    const folder = `/sys/class/gpio/gpiochip${base}`;
    files[`${folder}/label`] = `${label}\n`;
    files[`${folder}/base`] = `${base}\n`;
    files[`${folder}/ngpio`] = `${ngpio}\n`;
  }
  return files;
}

/** A line as sysfs shows it once it was exported. */
export function exportedLine(number: number, values: Files): Files {
  return Object.fromEntries(
    Object.entries({ direction: "out", value: "0", active_low: "0", edge: "none", ...values }).map(
      ([name, text]) => [
        `/sys/class/gpio/gpio${number}/${name}`,
        text === undefined ? undefined : `${text}\n`,
      ],
    ),
  );
}

export const noDriver = () => Promise.reject(new LineError("no-driver", "the package onoff is missing"));

export const findingOf = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);
export const withStatus = (findings: readonly Finding[], ...statuses: Finding["status"][]): string[] =>
  findings.filter(({ status }) => statuses.includes(status)).map(({ check }) => check);

const machines: CapturedMachine[] = [];

/** A machine that the next `removeMachines` takes away. */
export function capture(usual: Files, captured: Captured): CapturedMachine {
  const machine = new CapturedMachine(usual, captured);
  machines.push(machine);
  return machine;
}

/** What the doctor finds on a Raspberry Pi 4 that differs from a good one by `captured`. */
export const onPi4 = (captured: Partial<Captured> = {}): Promise<Finding[]> =>
  capture(pi4, { sys: "pi-4-kernel-6.6", ...captured }).examine();

export function removeMachines(): void {
  for (const machine of machines.splice(0)) machine.remove();
}

/** Writes a manifest with these capabilities into a new place. */
export function manifestFile(capabilities: object): string {
  const { root } = capture({}, { sys: "none" });
  const file = join(root, "manifest.json");
  const rest = { SchemaVersion: 1, Name: "grove-heater", EntryPoint: "dist/main.js" };
  const ComponentId = "52835aa3-8307-4e84-a159-63497f35b43c";
  writeFileSync(file, JSON.stringify({ ...rest, ComponentId, Capabilities: capabilities }));
  return file;
}
