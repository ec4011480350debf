/**
 * Folder soak/: weeks of a device's life in virtual time, with faults in every part at once.
 *
 * The whole firmware but its processes: the composed device on the virtual hat in a simulated room, its cloud process behind
 * messages, a hub without a wire. Looked at after each step by the oracle of the safety rules, and by what a person in the
 * room could see: the contact, the age of the last step, what is shown.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "../../src/azure/credentials/secret.ts";
import { OutboxStoreError } from "../../src/azure/outbox/store.ts";
import { equalJson } from "../../src/base/json/value.ts";
import { silentLog } from "../../src/base/log.ts";
import {
  celsius,
  hours,
  type Millis,
  millis,
  minutes,
  relativeHumidity,
  seconds,
} from "../../src/base/units.ts";
import type { ButtonName } from "../../src/control/input.ts";
import { chooseBoard } from "../../src/firmware/choose-board.ts";
import { AzureFace } from "../../src/firmware/cloud-process/azure-face.ts";
import { composeDevice } from "../../src/firmware/compose-device.ts";
import type { Device, Observation } from "../../src/firmware/device.ts";
import { loadManifest } from "../../src/firmware/hardware.ts";
import { memoryFiles } from "../../src/firmware/storage/durable-files.ts";
import { writableNames } from "../../src/model/properties.ts";
import { defaultSettings } from "../../src/model/settings.ts";
import { dailyOutside, Room, roomPresets } from "../../src/simulation/room/room.ts";
import { Surroundings } from "../../src/simulation/room/surroundings.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { VirtualHat } from "../../src/simulation/virtual-hat/virtual-hat.ts";
import { FakeDisk } from "../azure/outbox/rig.ts";
import { remote, WirelessHub } from "../firmware/cloud-process/rig.ts";
import { Oracle } from "../property/oracle.ts";
import { type DiskFault, Life } from "./life.ts";

/** The guardian's own times: it sees a death at once, and forces the relay off before it starts a loop again. */
const forcedOffAfter = millis(800);
const startedAfter = seconds(2);
/** Between two steps: a second, and the same again for whatever was under way. */
const longestGap = seconds(2);
/** The contact follows the command in a step; SR-07 notices a line that does not within two seconds. */
const followsWithin = seconds(3);
/** More timers than these stand only where something sets them and forgets them. */
const mostTimers = 300;

export class SoakWorld {
  readonly clock = new VirtualClock();
  readonly hat: VirtualHat;
  readonly hub = new WirelessHub(this.clock);
  readonly surroundings: Surroundings;
  readonly counts: Record<string, number> = {};
  /** Of the disk of the device's state. */
  diskFault: DiskFault;
  steps = 0;
  heating = 0;
  readonly #choice = chooseBoard("virtual", "/");
  readonly #disk = memoryFiles();
  readonly #outbox = new FakeDisk(this.clock);
  readonly #folder = mkdtempSync(join(tmpdir(), "soak-"));
  readonly #oracle: Oracle;
  #held: Record<ButtonName, boolean> = { a: false, b: false, mode: false };
  #life: Life | undefined;
  #device: Device | undefined;
  #latest: Observation | undefined;
  /** When the guardian forced a relay off that was on. */
  #offAt: Millis | undefined;
  #linked = false;
  #failure: unknown;
  #unlikeSince: Millis | undefined;

  constructor(seed: number) {
    const inside = { temperature: celsius(12), humidity: relativeHumidity(48), seed };
    const room = new Room(roomPresets.fanHeater, inside);
    this.surroundings = new Surroundings(room, {
      outside: dailyOutside(celsius(-3), 8),
      startOfDay: hours(18),
    });
    const { wiring } = this.#choice;
    this.hat = new VirtualHat({
      clock: this.clock,
      wiring,
      plant: this.surroundings,
      display: "lcd-16x2",
      seed,
    });
    this.#oracle = new Oracle(defaultSettings, 0);
    this.#outbox.latency = undefined;
  }

  get linked(): boolean {
    return this.#linked;
  }

  get device(): Device | undefined {
    return this.#device;
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  async start(): Promise<void> {
    await import("../../src/board/johnny-five/hat.ts");
    await this.#boot();
    await this.advance(seconds(10));
  }

  /** @throws the first thing that is not as it must be */
  async advance(duration: Millis): Promise<void> {
    const end = this.clock.now() + duration;
    while (this.clock.now() < end) {
      await this.clock.runUntil(millis(Math.min(end, this.clock.now() + 1000)));
      this.#look();
      if (this.#failure !== undefined) throw this.#failure;
    }
  }

  /** SIGKILL: lines stay as they are until the guardian forces the relay off. */
  async kill(): Promise<void> {
    if (this.#device === undefined) return;
    const wasOn = this.#latest?.commands.heater === true;
    this.#end();
    this.hat.processDied();
    await this.advance(forcedOffAfter);
    await this.#forceOff();
    this.#offAt = wasOn ? this.clock.now() : undefined;
    await this.advance(startedAfter);
    await this.#boot();
  }

  async cutPower(off: Millis): Promise<void> {
    this.#end();
    this.#offAt = undefined;
    this.hat.powerDown();
    this.#outbox.crash(0.5);
    await this.advance(off);
    this.hat.powerUp();
    await this.#boot();
  }

  setLink(online: boolean): void {
    if (online === this.#linked) return;
    this.#linked = online;
    if (online) this.hub.connect();
    else this.hub.cut();
  }

  failOutbox(fails: boolean): void {
    this.#outbox.failure = fails ? new OutboxStoreError("io", "the disk is ill") : undefined;
  }

  /** All is well, and was for a while: what is in force is what the hub shows, and no fault of a healed part stands. */
  checkAtRest(): void {
    const device = this.#device;
    if (device === undefined) throw new Error("the device does not run");
    const told = this.hub.record.reported.properties as Record<
      string,
      { readonly value?: unknown } | undefined
    >;
    for (const name of writableNames) {
      const held = device.inForce.values[name];
      if (!equalJson(told[name]?.value, held))
        throw new Error(
          `RR-8: ${name} is ${JSON.stringify(held)}, and reported as ${JSON.stringify(told[name])}`,
        );
    }
    if (device.inForce.shadow.version !== this.hub.record.desired.version)
      throw new Error("RR-8: a desired version has no answer");
    const healed = ["sensor-stale", "storage-failed", "display-missing", "cloud-failed"];
    const standing = device.activeFaults.filter((fault) => healed.includes(fault));
    if (standing.length > 0) throw new Error(`SR-11: ${standing} stands although all is well`);
    if (!device.stored) throw new Error("the state is not stored although the disk is well");
    if (this.clock.pendingTimers > mostTimers) throw new Error(`${this.clock.pendingTimers} timers stand`);
  }

  close(): void {
    this.#end();
    rmSync(this.#folder, { recursive: true });
  }

  async #boot(): Promise<void> {
    const life = new Life(this.clock);
    this.#life = life;
    const files = life.files(this.#disk, () => this.diskFault);
    const composed = composeDevice({
      choice: this.#choice,
      manifest: loadManifest(this.#choice),
      attached: this.hat.connect(),
      settings: defaultSettings,
      clock: life,
      log: silentLog,
      stateFile: "/state.json",
      files,
      // As the guardian tells it, to a process whose clock begins with it: this one goes on.
      relayOffFor: this.#offAt === undefined ? undefined : millis(-this.#offAt),
      onStep: (observation) => {
        if (life === this.#life) this.#observe(observation);
      },
    });
    const device = await this.clock.run(composed);
    if (life !== this.#life) return;
    this.#device = device;
    await this.#openFace(life, device, files);
  }

  async #openFace(life: Life, device: Device, files: ReturnType<Life["files"]>): Promise<void> {
    const garbage = (message: unknown): void => {
      this.#failure ??= new Error(`a message was not readable: ${JSON.stringify(message)}`);
    };
    const far = remote(device, life, millis(5), garbage);
    const target = { kind: "hub", host: "hub", deviceId: "rig" } as const;
    const azure = new AzureFace({
      access: { credentials: { target, proof: { kind: "key", key: new Secret("") } } },
      manifest: loadManifest(this.#choice),
      dataPath: this.#folder,
      files,
      clock: life,
      log: silentLog,
      firmware: "1.0.0",
      board: "virtual",
      restart: () => {},
      open: this.hub.open,
      openStore: this.#outbox.open,
    });
    await this.clock.run(far.addFace(azure));
    if (this.#linked) this.hub.connect();
  }

  #end(): void {
    const unsaved = this.#device?.stored === false || this.diskFault !== undefined;
    this.#life?.end();
    this.#life = undefined;
    this.#device?.abandon();
    this.#device = undefined;
    this.#latest = undefined;
    this.#held = { a: false, b: false, mode: false };
    this.#unlikeSince = undefined;
    // What the disk did not take is gone, and nobody can owe what nobody knows.
    this.#oracle.restart(this.clock.now(), unsaved);
  }

  /** As the guardian does, by files of its own: takes the line and drives it off. */
  async #forceOff(): Promise<void> {
    const { relay } = this.#choice.wiring;
    const ports = this.hat.connect();
    const line = await ports.gpio.openOutput(relay.line, relay.activeLevel === 1 ? 0 : 1);
    line.close();
    this.hat.processDied();
    if (this.hat.contactClosed && !this.#mayStick())
      throw new Error("SR-01: the contact is closed after a death");
  }

  #mayStick(): boolean {
    return this.hat.activeFaults.some((fault) => fault === "welded-relay" || fault === "line-stuck");
  }

  #observe(observation: Observation): void {
    const { input, commands, atMs } = observation;
    this.steps += 1;
    if (commands.heater) this.heating += 1;
    for (const { button, pressed } of input.buttons) this.#held[button] = pressed;
    if (this.#latest === undefined) this.#oracle.started(atMs);
    this.#latest = observation;
    try {
      this.#oracle.observe({
        at: atMs,
        clockWentBack: false,
        reading: input.reading,
        readAt: input.reading?.atMs ?? atMs,
        line: input.relayLine,
        request: input.requests.find(({ kind }) => kind === "clear-faults") ?? input.requests[0],
        held: this.#held,
        commands,
      });
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** Once a second, from outside. */
  #look(): void {
    const now = this.clock.now();
    const latest = this.#latest;
    if (latest === undefined || this.#device === undefined) return;
    if (now - latest.atMs > longestGap)
      this.#failure ??= new Error(`SR-10: no step since ${latest.atMs}, at ${now}`);
    const like = this.hat.contactClosed === latest.commands.heater || this.#mayStick();
    this.#unlikeSince = like ? undefined : (this.#unlikeSince ?? now);
    if (this.#unlikeSince !== undefined && now - this.#unlikeSince > followsWithin)
      this.#failure ??= new Error(`the contact does not do what is commanded, since ${this.#unlikeSince}`);
  }
}

export const oneDay = hours(24);
export const restFor = minutes(20);
