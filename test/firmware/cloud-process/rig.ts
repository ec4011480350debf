/**
 * A running device in a cold room, its cloud process, and a hub at the other end: all in virtual time. The hub keeps its
 * documents and its timeline with the code of the local hub; between the two lies no SDK, so that anything can be said.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { CloudHandlers, CloudLink, CloudOptions, LinkCause } from "../../../src/azure/azure.ts";
import { Secret } from "../../../src/azure/credentials/secret.ts";
import type { Clock } from "../../../src/base/clock.ts";
import type { JsonObject } from "../../../src/base/json/value.ts";
import { silentLog } from "../../../src/base/log.ts";
import { read, type Schema } from "../../../src/base/schema/schema.ts";
import {
  type Celsius,
  celsius,
  hours,
  type Millis,
  millis,
  relativeHumidity,
  seconds,
} from "../../../src/base/units.ts";
import { chooseBoard } from "../../../src/firmware/choose-board.ts";
import { AzureFace } from "../../../src/firmware/cloud-process/azure-face.ts";
import {
  type CloudMessage,
  cloudToLoop,
  type LoopMessage,
  loopToCloud,
} from "../../../src/firmware/cloud-process/messages.ts";
import { composeDevice } from "../../../src/firmware/compose-device.ts";
import type { Device } from "../../../src/firmware/device.ts";
import { type FacePart, snapshotOf } from "../../../src/firmware/face.ts";
import type { ReportedPart } from "../../../src/firmware/failing-parts.ts";
import { loadManifest } from "../../../src/firmware/hardware.ts";
import {
  homeAssistantToLoop,
  loopToHomeAssistant,
} from "../../../src/firmware/home-assistant-process/messages.ts";
import { DeviceShare } from "../../../src/firmware/remote-device/device-share.ts";
import { RemoteDevice } from "../../../src/firmware/remote-device/remote-device.ts";
import { type DurableFiles, memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { type DeviceRecord, newDevice, sasAuthentication } from "../../../src/hub/registry/record.ts";
import { forDevice, isRefused, patchSection } from "../../../src/hub/twin/document.ts";
import { propertyRows, reportedEvents } from "../../../src/hub/twin/reported-watch.ts";
import type { TimelineDraft } from "../../../src/hub/twin/timeline.ts";
import { defaultSettings, type Settings } from "../../../src/model/settings.ts";
import { dailyOutside, Room, type RoomParameters, roomPresets } from "../../../src/simulation/room/room.ts";
import { Surroundings } from "../../../src/simulation/room/surroundings.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import type { HatPorts } from "../../../src/simulation/virtual-hat/connection.ts";
import { type DisplayKind, VirtualHat } from "../../../src/simulation/virtual-hat/virtual-hat.ts";
import { FakeDisk } from "../../azure/outbox/rig.ts";
import { type LogLine, recordingLog } from "../../hub/running-hub.ts";
import { FakeFace } from "../fake-face.ts";

/** A hub without a wire. */
export class WirelessHub {
  record: DeviceRecord = newDevice("rig", sasAuthentication("", ""), 0);
  readonly timeline: TimelineDraft[] = [];
  /** When the twin was asked for again, and when each report came. */
  readonly askedAt: Millis[] = [];
  readonly reportedAt: Millis[] = [];
  /** What the next requests for the twin are answered with, instead of the truth. */
  readonly answers: unknown[] = [];
  reportResult: "ok" | "failed" = "ok";
  readonly #clock: VirtualClock;
  #device: CloudHandlers | undefined;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  readonly open = ({ handlers }: CloudOptions): CloudLink => {
    this.#device = handlers;
    return {
      report: async (patch) => this.#take(patch),
      refetchTwin: () => {
        this.askedAt.push(this.#clock.now());
        this.#answer();
      },
      send: async () => "failed",
      close: async () => {},
    };
  };

  connect(): void {
    this.#device?.onLink("online");
    this.#answer();
  }

  cut(why?: LinkCause): void {
    this.#device?.onLink("offline", why);
  }

  /** Changes desired properties, and tells the device unless it is `apart`. */
  edit(patch: JsonObject, apart = false): void {
    const desired = patchSection(this.record.desired, patch, this.#clock.wallNow());
    if (isRefused(desired)) throw new Error(desired.why);
    this.record = { ...this.record, desired };
    if (!apart) this.say(patch, desired.version);
  }

  /** A patch as no honest hub may send it. */
  say(patch: unknown, version: number): void {
    this.#device?.onPatch(patch, version);
  }

  command(name: "boost" | "restart" | "clearFault", parameter?: number) {
    return this.#device?.onCommand(name, parameter);
  }

  /** As on the page. */
  row(name: string) {
    return propertyRows(this.record).find((row) => row.name === name);
  }

  #answer(): void {
    const { desired, reported } = this.record;
    const truth = { desired: forDevice(desired), reported: forDevice(reported) };
    const document = this.answers.length > 0 ? this.answers.shift() : truth;
    queueMicrotask(() => this.#device?.onTwin(document));
  }

  #take(report: unknown): "ok" | "failed" {
    this.reportedAt.push(this.#clock.now());
    if (this.reportResult === "failed") return "failed";
    const patch = JSON.parse(JSON.stringify(report)) as JsonObject;
    const reported = patchSection(this.record.reported, patch, this.#clock.wallNow());
    if (isRefused(reported)) throw new Error(reported.why);
    const before = this.record;
    this.record = { ...before, reported };
    this.timeline.push(...reportedEvents(before, this.record, patch));
    return "ok";
  }
}

export interface CloudRig {
  readonly clock: VirtualClock;
  readonly hub: WirelessHub;
  readonly hat: VirtualHat;
  readonly surroundings: Surroundings;
  readonly device: Device;
  readonly lines: readonly LogLine[];
  readonly outboxDisk: FakeDisk;
  /** Messages between the processes that were not readable. */
  readonly garbage: readonly unknown[];
  /** What each write of the state takes from now on. */
  slowDisk(takes: Millis): void;
}

/** What a face process may say, and what the loop says to it. */
const channels = {
  cloud: { toLoop: cloudToLoop, fromLoop: loopToCloud },
  "home-assistant": { toLoop: homeAssistantToLoop, fromLoop: loopToHomeAssistant },
} as const;

/**
 * The device as another process sees it: each message is text and takes a while.
 * @param garbage is told of each message that the other side could not read
 */
export function remote(
  device: Device,
  clock: Clock,
  delay: Millis,
  garbage: (message: unknown) => void,
  part: FacePart = "cloud",
) {
  const toLoop: Schema<CloudMessage> = channels[part].toLoop;
  const fromLoop: Schema<LoopMessage> = channels[part].fromLoop;
  const share = new DeviceShare(device, clock, silentLog);
  const later = <T>(message: object, channel: Schema<T>, act: (message: T) => void) => {
    const text = JSON.stringify(message);
    clock.setTimer(delay, () => {
      const got = read(channel, JSON.parse(text));
      if (got === undefined) garbage(message);
      else act(got);
    });
  };
  const face = new FakeFace(device, part);
  const act = (message: CloudMessage): void => {
    if (message.kind === "request") void share.answer(message);
    if (message.kind === "link") face.setState(message.link);
    if (message.kind === "health") face.setFailure(message.failure);
  };
  const send = (message: CloudMessage): void => later(message, toLoop, act);
  const far = new RemoteDevice({ clock, log: silentLog, send }, snapshotOf(device));
  share.attach((message, done) => {
    later(message, fromLoop, (got) => {
      if (got.kind === "device" || got.kind === "answer") far.take(got);
    });
    done(true);
  });
  return far;
}

/** Where the device starts, if not at 8 °C in a winter's night with all in order. */
export interface RigStart {
  readonly room?: RoomParameters;
  readonly temperature?: Celsius;
  readonly outside?: Celsius;
  readonly display?: DisplayKind;
  readonly files?: DurableFiles;
  /** Parts that failed before the device was there. */
  readonly failing?: readonly ReportedPart[];
  /** What lies between the firmware and its hat. */
  readonly between?: (ports: HatPorts) => HatPorts;
}

/**
 * A device that heats, unless its room is warm, and is online.
 * @param delay of each message between the loop and a cloud client in another process; without it both are one
 */
export async function cloudRig(
  settings: Partial<Settings> = {},
  delay?: Millis,
  start: RigStart = {},
): Promise<CloudRig> {
  const { temperature = celsius(8), between = (ports) => ports } = start;
  const dataPath = await mkdtemp(join(tmpdir(), "cloud-client-"));
  const clock = new VirtualClock();
  const choice = chooseBoard("virtual", dataPath);
  const { wiring } = choice;
  const manifest = loadManifest(choice);
  const room = new Room(start.room ?? roomPresets.fanHeater, {
    temperature,
    humidity: relativeHumidity(48),
    seed: 1,
  });
  const surroundings = new Surroundings(room, {
    outside: dailyOutside(celsius(-5), 2),
    startOfDay: hours(18),
  });
  surroundings.outside = start.outside;
  const { display } = start;
  const hat = new VirtualHat({ clock, wiring, plant: surroundings, ...(display && { display }) });
  const disk = start.files ?? memoryFiles();
  let takes = millis(0);
  const files: typeof disk = {
    ...disk,
    async writeDurably(path, text) {
      await clock.sleep(takes);
      await disk.writeDurably(path, text);
    },
  };
  const device = await composeDevice({
    choice,
    manifest,
    attached: between(hat.connect()),
    settings: { ...defaultSettings, ...settings },
    clock,
    log: silentLog,
    stateFile: "/state.json",
    files,
    failing: start.failing ?? [],
  });
  const lines: LogLine[] = [];
  const hub = new WirelessHub(clock);
  // A real disk would seem to hang while virtual time flies.
  const outboxDisk = new FakeDisk(clock);
  outboxDisk.latency = undefined;
  const garbage: unknown[] = [];
  const far =
    delay === undefined ? undefined : remote(device, clock, delay, (message) => garbage.push(message));
  const azure = new AzureFace({
    access: {
      credentials: {
        target: { kind: "hub", host: "hub", deviceId: "rig" },
        proof: { kind: "key", key: new Secret("") },
      },
    },
    manifest,
    dataPath,
    files,
    clock,
    log: recordingLog(lines),
    firmware: "1.0.0",
    board: wiring.board,
    restart: () => lines.push({ level: "info", event: "restart", fields: {} }),
    open: hub.open,
    openStore: outboxDisk.open,
  });
  await (far ?? device).addFace(azure);
  onTestFinished(async () => {
    device.abandon();
    await azure.close();
    await rm(dataPath, { recursive: true, force: true });
  });
  hub.connect();
  const cold = temperature < device.inForce.values.targetTemperature;
  while (cold && device.counters.heaterSeconds === 0) await clock.advance(seconds(10));
  return {
    clock,
    hub,
    hat,
    surroundings,
    device,
    lines,
    garbage,
    outboxDisk,
    slowDisk(duration) {
      takes = duration;
    },
  };
}
