/**
 * The device in the demonstration: the real firmware on the virtual hat. Its power can be cut and restored.
 *
 * Guarantee: the device is composed as in `run` (gate, drivers, core, durable state, genuine SDK over TLS).
 * After a power cut it writes nothing more to the disk, and it restarts from the state on the disk.
 */
import { join } from "node:path";
import type { Credentials } from "../../azure/credentials/credentials.ts";
import type { Clock } from "../../base/clock.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { celsius, hours, relativeHumidity } from "../../base/units.ts";
import type { ButtonName, LinkState } from "../../control/input.ts";
import type { InForce } from "../../control/twin/in-force.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { WritableName } from "../../model/cloud-model.ts";
import type { Settings } from "../../model/settings.ts";
import { dailyOutside, Room, roomPresets } from "../../simulation/room/room.ts";
import { Surroundings } from "../../simulation/room/surroundings.ts";
import { VirtualHat } from "../../simulation/virtual-hat/virtual-hat.ts";
import { type BoardChoice, chooseBoard } from "../choose-board.ts";
import { AzureFace } from "../cloud-process/azure-face.ts";
import { composeDevice } from "../compose-device.ts";
import type { Device } from "../device.ts";
import { loadManifest } from "../hardware.ts";
import { localTimeOf } from "../local-time/local-time.ts";
import { firmwareVersion } from "../process/package-root.ts";
import { type DurableFiles, durableSystemFiles } from "../storage/durable-files.ts";
import { gatedFiles } from "../storage/gated-files.ts";

export interface PoweredDeviceParts {
  readonly clock: Clock;
  readonly dataPath: string;
  readonly credentials: Credentials;
  readonly settings: Settings;
  /** Receives the log of the Azure face, including the twin's decisions. */
  readonly log: Log;
}

/** One run of the device, from power-on to the next power cut. */
interface PowerCycle {
  readonly device: Device;
  readonly azure: AzureFace;
  readonly files: CutFiles;
  powered: boolean;
  /** What the screen shows as the set-point. */
  shown: number | undefined;
}

export class PoweredDevice {
  readonly #parts: PoweredDeviceParts;
  readonly #choice: BoardChoice;
  readonly #manifest: Manifest;
  readonly #hat: VirtualHat;
  #cycle: PowerCycle;

  private constructor(parts: PoweredDeviceParts, choice: BoardChoice, hat: VirtualHat, first: PowerCycle) {
    this.#parts = parts;
    this.#choice = choice;
    this.#manifest = loadManifest(choice);
    this.#hat = hat;
    this.#cycle = first;
  }

  static async start(parts: PoweredDeviceParts): Promise<PoweredDevice> {
    const choice = chooseBoard("virtual", parts.dataPath);
    const { wiring } = choice;
    // Warm enough to keep the heater off: reports of its counters would clutter the scenes.
    const room = { temperature: celsius(25), humidity: relativeHumidity(48), seed: 1 };
    const plant = new Surroundings(new Room(roomPresets.fanHeater, room), {
      outside: dailyOutside(celsius(2), 4),
      startOfDay: hours(18),
    });
    const hat = new VirtualHat({ clock: parts.clock, wiring, plant });
    return new PoweredDevice(parts, choice, hat, await powerOn(parts, choice, loadManifest(choice), hat));
  }

  get inForce(): InForce {
    return this.#cycle.device.inForce;
  }

  get link(): LinkState {
    return this.#cycle.powered ? this.#cycle.azure.state : "offline";
  }

  /** All changes are on the disk, or the disk has failed. */
  get stored(): boolean {
    return this.#cycle.device.stored;
  }

  /** The set-point on the screen, °C. */
  get shownTarget(): number | undefined {
    return this.#cycle.shown;
  }

  /** How many times `name` has changed in total. */
  serial(name: WritableName): number {
    return this.inForce.changes[name].serial;
  }

  press(button: ButtonName): void {
    this.#hat.tap(button);
  }

  /** Stops all writes and messages. Unplug the virtual cable first: a power cut also ends connections. */
  async cutPower(): Promise<void> {
    const { device, azure, files } = this.#cycle;
    files.cut();
    device.abandon();
    this.#hat.powerDown();
    this.#cycle.powered = false;
    // Releases the sockets and the outbox's lock, as the end of a process would.
    await azure.close();
  }

  async restorePower(): Promise<void> {
    this.#hat.powerUp();
    this.#cycle = await powerOn(this.#parts, this.#choice, this.#manifest, this.#hat);
  }

  async stop(): Promise<void> {
    const { device, azure } = this.#cycle;
    await azure.close();
    await device.stop();
  }
}

async function powerOn(
  parts: PoweredDeviceParts,
  choice: BoardChoice,
  manifest: Manifest,
  virtual: VirtualHat,
): Promise<PowerCycle> {
  const { clock, dataPath, credentials, settings, log } = parts;
  const files = new CutFiles(gatedFiles(durableSystemFiles, dataPath, manifest));
  const device = await composeDevice({
    choice,
    manifest,
    attached: virtual.connect(),
    settings,
    clock,
    log: silentLog,
    localTime: localTimeOf(settings.timeZone),
    stateFile: join(dataPath, "state.json"),
    files,
  });
  const azure = new AzureFace({
    access: { credentials },
    manifest,
    dataPath,
    files,
    clock,
    log,
    firmware: firmwareVersion(),
    board: choice.wiring.board,
    restart: () => {},
  });
  const cycle: PowerCycle = { device, azure, files, powered: true, shown: undefined };
  device.watch(({ commands }) => {
    cycle.shown = commands.screen.target;
  });
  void device.addFace(azure);
  return cycle;
}

/** Files that simulate a power cut: after `cut`, every write fails. */
class CutFiles implements DurableFiles {
  readonly #files: DurableFiles;
  #isCut = false;

  constructor(files: DurableFiles) {
    this.#files = files;
  }

  cut(): void {
    this.#isCut = true;
  }

  read(path: string): Promise<string | undefined> {
    return this.#files.read(path);
  }

  async writeDurably(path: string, text: string): Promise<void> {
    await this.#files.writeDurably(this.#whilePowered(path), text);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#files.rename(this.#whilePowered(from), to);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#files.link(this.#whilePowered(from), to);
  }

  async setAside(path: string, to: string): Promise<void> {
    await this.#files.setAside(this.#whilePowered(path), to);
  }

  async boundKeptAside(path: string): Promise<void> {
    await this.#files.boundKeptAside(this.#whilePowered(path));
  }

  async syncFolder(path: string): Promise<void> {
    await this.#files.syncFolder(this.#whilePowered(path));
  }

  #whilePowered(path: string): string {
    if (this.#isCut) throw Object.assign(new Error("there is no power"), { code: "EIO" });
    return path;
  }
}
