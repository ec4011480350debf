/**
 * The device of the demonstration: the real firmware on the virtual hat, whose power can be cut and given back.
 *
 * Guarantee: it is composed as `run` composes it (gate, drivers, core, durable state, genuine SDK over TLS); after a
 * power cut nothing more of it reaches the disk, and it starts again from what was there.
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
import { firmwareVersion } from "../process/package-root.ts";
import { type DurableFiles, systemFiles } from "../storage/durable-files.ts";
import { gatedFiles } from "../storage/gated-files.ts";

export interface PoweredDeviceParts {
  readonly clock: Clock;
  readonly dataPath: string;
  readonly credentials: Credentials;
  readonly settings: Settings;
  /** Hears of the cloud half, the twin's decisions among it. */
  readonly log: Log;
}

/** One life between two power cuts. */
interface Life {
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
  #life: Life;

  private constructor(parts: PoweredDeviceParts, choice: BoardChoice, hat: VirtualHat, first: Life) {
    this.#parts = parts;
    this.#choice = choice;
    this.#manifest = loadManifest(choice);
    this.#hat = hat;
    this.#life = first;
  }

  static async start(parts: PoweredDeviceParts): Promise<PoweredDevice> {
    const choice = chooseBoard("virtual", parts.dataPath);
    const { wiring } = choice;
    // Warm enough that the heater stays off: its counters would be reported among what the scenes show.
    const room = { temperature: celsius(25), humidity: relativeHumidity(48), seed: 1 };
    const plant = new Surroundings(new Room(roomPresets.fanHeater, room), {
      outside: dailyOutside(celsius(2), 4),
      startOfDay: hours(18),
    });
    const hat = new VirtualHat({ clock: parts.clock, wiring, plant });
    return new PoweredDevice(parts, choice, hat, await live(parts, choice, loadManifest(choice), hat));
  }

  get inForce(): InForce {
    return this.#life.device.inForce;
  }

  get link(): LinkState {
    return this.#life.powered ? this.#life.azure.state : "offline";
  }

  /** What is in force is on the disk. */
  get stored(): boolean {
    return this.#life.device.stored;
  }

  /** The set-point on the screen, °C. */
  get shownTarget(): number | undefined {
    return this.#life.shown;
  }

  /** How often `name` was changed, ever. */
  serial(name: WritableName): number {
    return this.inForce.changes[name].serial;
  }

  press(button: ButtonName): void {
    this.#hat.press(button);
  }

  /** Nothing is written or said any more. The cable should be out: a connection does not outlive the power. */
  async cutPower(): Promise<void> {
    const { device, azure, files } = this.#life;
    files.cut();
    device.abandon();
    this.#hat.powerDown();
    this.#life.powered = false;
    // Gives the sockets and the outbox's lock back, as the end of a process would.
    await azure.close();
  }

  async restorePower(): Promise<void> {
    this.#hat.powerUp();
    this.#life = await live(this.#parts, this.#choice, this.#manifest, this.#hat);
  }

  async stop(): Promise<void> {
    const { device, azure } = this.#life;
    await azure.close();
    await device.stop();
  }
}

async function live(
  parts: PoweredDeviceParts,
  choice: BoardChoice,
  manifest: Manifest,
  virtual: VirtualHat,
): Promise<Life> {
  const { clock, dataPath, credentials, settings, log } = parts;
  const files = new CutFiles(gatedFiles(systemFiles, dataPath, manifest));
  const device = await composeDevice({
    choice,
    manifest,
    attached: virtual.connect(),
    settings,
    clock,
    log: silentLog,
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
  const life: Life = { device, azure, files, powered: true, shown: undefined };
  device.watch(({ commands }) => {
    life.shown = commands.screen.target;
  });
  void device.addFace(azure);
  return life;
}

/** Files that know of the power: what was not on the disk when it went does not get there. */
class CutFiles implements DurableFiles {
  readonly #files: DurableFiles;
  #dead = false;

  constructor(files: DurableFiles) {
    this.#files = files;
  }

  cut(): void {
    this.#dead = true;
  }

  read(path: string): Promise<string | undefined> {
    return this.#files.read(path);
  }

  async writeDurably(path: string, text: string): Promise<void> {
    await this.#files.writeDurably(this.#alive(path), text);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#files.rename(this.#alive(from), to);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#files.link(this.#alive(from), to);
  }

  async setAside(path: string, to: string): Promise<void> {
    await this.#files.setAside(this.#alive(path), to);
  }

  async boundKeptAside(path: string): Promise<void> {
    await this.#files.boundKeptAside(this.#alive(path));
  }

  async syncFolder(path: string): Promise<void> {
    await this.#files.syncFolder(this.#alive(path));
  }

  #alive(path: string): string {
    if (this.#dead) throw Object.assign(new Error("there is no power"), { code: "EIO" });
    return path;
  }
}
