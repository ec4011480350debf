/**
 * The setup of the demonstration: a local hub and a device in one process, a cable between them, and a temporary folder.
 *
 * Guarantee: all traffic is MQTT over TLS on loopback; every wait has a timeout, and its error names the condition.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "../../azure/credentials/credentials.ts";
import { Secret } from "../../azure/credentials/secret.ts";
import type { Clock } from "../../base/clock.ts";
import { type Json, type JsonObject, member } from "../../base/json/value.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { type Millis, millis, seconds } from "../../base/units.ts";
import type { ButtonName } from "../../control/input.ts";
import { acknowledgements } from "../../control/twin/acknowledge.ts";
import { sameInHub } from "../../control/twin/values.ts";
import { type RunningHub, startHub } from "../../hub/hub.ts";
import { desiredPatch, desiredPatches } from "../../hub/mqtt/topics.ts";
import type { TwinSection } from "../../hub/twin/document.ts";
import { type WritableName, writableNames } from "../../model/cloud-model.ts";
import type { ControlValue } from "../../model/properties.ts";
import { defaultSettings, type Settings } from "../../model/settings.ts";
import { PoweredDevice } from "./powered-device.ts";

/** A property in the hub's two documents and on the device. */
export interface PropertyView {
  readonly name: WritableName;
  readonly desired: Json | undefined;
  readonly reported: Json | undefined;
  /** Reported `$version` in which the hub got it last. */
  readonly reportedIn: number | undefined;
  readonly inForce: ControlValue;
}

export interface TwinView {
  readonly desiredVersion: number;
  readonly reportedVersion: number;
  readonly properties: readonly PropertyView[];
}

/** A decision in the device's log. */
export interface DemoDecision {
  readonly rule: string;
  readonly property: string;
  readonly version: number;
  readonly won?: string | undefined;
  readonly lost?: string | undefined;
  readonly reason: string;
}

export interface StageOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

const deviceId = "demo-heater";
/** The device wins only for the mode, so that both policies of RR-4 are shown. */
const settings: Settings = { ...defaultSettings, conflictControlMode: "device-wins" };
const pollInterval = millis(10);
/** A virtual press takes 120 ms; the rest covers bouncing and separates two presses. */
const pressTime = millis(200);
/** Three shorter links in a row would look like a duplicate id, and delay the reconnect by seconds. */
const steadyAfter = millis(1200);
/** Ten times what any step takes on an idle machine. */
const conditionTimeout = seconds(15);

export class Stage {
  readonly clock: Clock;
  readonly #folder: string;
  readonly #hub: RunningHub;
  readonly #device: PoweredDevice;
  readonly #signal: AbortSignal | undefined;
  readonly decisions: readonly DemoDecision[];
  #lastPatch: JsonObject = {};
  #onlineAt: Millis;

  private constructor(
    { clock, signal }: StageOptions,
    folder: string,
    hub: RunningHub,
    device: PoweredDevice,
    decisions: readonly DemoDecision[],
  ) {
    this.clock = clock;
    this.#signal = signal;
    this.#folder = folder;
    this.#hub = hub;
    this.#device = device;
    this.decisions = decisions;
    this.#onlineAt = clock.now();
  }

  /** @throws Error as `startHub` does */
  static async open(options: StageOptions): Promise<Stage> {
    const { clock } = options;
    const folder = await mkdtemp(join(tmpdir(), "grove-heater-demo-"));
    const dataPath = join(folder, "device");
    let hub: RunningHub | undefined;
    try {
      await mkdir(dataPath, { mode: 0o700 });
      const ports = { mqttPort: 0, restPort: 0, pagePort: 0 };
      hub = await startHub({ clock, log: silentLog, dataPath: join(folder, "hub"), ...ports });
      const decisions: DemoDecision[] = [];
      const credentials = await enrol(hub);
      const log = decisionLog(decisions);
      const device = await PoweredDevice.start({ clock, dataPath, credentials, settings, log });
      return new Stage(options, folder, hub, device, decisions);
    } catch (error) {
      await hub?.close();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#device.stop();
    await this.#hub.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Waits while `holds` does not. @returns whether it became true in time @throws Error when interrupted */
  async becomesTrue(holds: () => boolean, limit: Millis = conditionTimeout): Promise<boolean> {
    const until = this.clock.now() + limit;
    while (!holds()) {
      if (this.#signal?.aborted) throw new Error("the demonstration was interrupted");
      if (this.clock.now() >= until) return false;
      await this.clock.sleep(pollInterval);
    }
    return true;
  }

  /** @throws Error that names `what` when it did not come in time */
  async until(what: string, holds: () => boolean): Promise<void> {
    if (!(await this.becomesTrue(holds))) throw new Error(`${what}: not within ${conditionTimeout / 1000} s`);
  }

  /** The device is online, and has reported its values for the newest desired version. */
  get settled(): boolean {
    const { desired, reported } = this.#record;
    const { inForce, link, stored } = this.#device;
    const acknowledged = Object.entries(acknowledgements(inForce));
    return (
      link === "online" &&
      stored &&
      inForce.shadow.version === desired.version &&
      acknowledged.every(([name, ack]) => sameInHub(reported.properties[name], ack))
    );
  }

  /** The hub's reported document, read-only properties too. */
  get reported(): TwinSection {
    return this.#record.reported;
  }

  view(names: readonly WritableName[] = writableNames): TwinView {
    const { desired, reported } = this.#record;
    const { values } = this.#device.inForce;
    return {
      desiredVersion: desired.version,
      reportedVersion: reported.version,
      properties: names.map((name) => ({
        name,
        desired: desired.properties[name],
        reported: reported.properties[name],
        reportedIn: versionIn(reported, name),
        inForce: values[name],
      })),
    };
  }

  /** The operator changes desired properties. */
  async edit(desired: JsonObject): Promise<void> {
    const edited = await this.#hub.core.twins.edit(deviceId, { desired });
    if ("refused" in edited) throw new Error(`the hub refused the edit: ${edited.why}`);
    this.#lastPatch = { ...desired, $version: edited.record.desired.version };
  }

  /** Repeats the last desired patch, as MQTT's "at least once" delivery may. */
  sendAgain(): void {
    const version = this.#record.desired.version;
    const body = JSON.stringify(this.#lastPatch);
    this.#hub.core.links.get(deviceId)?.send(desiredPatches, desiredPatch(version), body);
  }

  /** Presses a button: resolves when the press has taken effect and is released. */
  async press(button: ButtonName, changes: WritableName): Promise<void> {
    const before = this.#device.serial(changes);
    this.#device.press(button);
    await this.until(`button ${button}`, () => this.#device.serial(changes) > before);
    await this.clock.sleep(pressTime);
  }

  /** Resolves when the set-point in force is what the screen shows and is on the disk. */
  async shown(): Promise<void> {
    const device = this.#device;
    const isShown = () => device.shownTarget === device.inForce.values.targetTemperature && device.stored;
    await this.until("the press on screen and disk", isShown);
  }

  /** Breaks the link with RST. Resolves when both ends know. */
  async pullCable(): Promise<void> {
    const { core } = this.#hub;
    await this.clock.sleep(millis(Math.max(0, this.#onlineAt + steadyAfter - this.clock.now())));
    core.operations.setCable(deviceId, "reset");
    const isOffline = () => core.links.get(deviceId) === undefined && this.#device.link !== "online";
    await this.until("the disconnect", isOffline);
  }

  /** Resolves when the device is online again. */
  async plugCable(): Promise<void> {
    this.#hub.core.operations.setCable(deviceId, "connected");
    await this.until("the connection", () => this.#device.link === "online");
    this.#onlineAt = this.clock.now();
  }

  cutPower(): Promise<void> {
    return this.#device.cutPower();
  }

  restorePower(): Promise<void> {
    return this.#device.restorePower();
  }

  get #record() {
    const record = this.#hub.core.devices.get(deviceId);
    if (record === undefined) throw new Error("the hub has lost its device");
    return record;
  }
}

async function enrol(hub: RunningHub): Promise<Credentials> {
  const { idScope, provisioningHost, registrationId, symmetricKey } = await hub.enrolDevice(deviceId);
  return {
    target: { kind: "dps", endpoint: provisioningHost, idScope, registrationId },
    proof: { kind: "key", key: new Secret(symmetricKey) },
    caPem: hub.caPem,
  };
}

/** Records only the twin's decisions. */
function decisionLog(into: DemoDecision[]): Log {
  return {
    ...silentLog,
    info(event, fields = {}) {
      if (event !== "twin-decision") return;
      const text = (name: string) => (fields[name] === undefined ? undefined : String(fields[name]));
      into.push({
        rule: text("rule") ?? "",
        property: text("property") ?? "",
        version: Number(fields["version"]),
        won: text("won"),
        lost: text("lost"),
        reason: text("reason") ?? "",
      });
    },
  };
}

function versionIn({ metadata }: TwinSection, name: string): number | undefined {
  const version = member(metadata[name], "$lastUpdatedVersion");
  return typeof version === "number" ? version : undefined;
}
