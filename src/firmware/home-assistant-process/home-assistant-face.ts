/**
 * Folder home-assistant-process/: the process that talks to Home Assistant, and both ends of its messages.
 *
 * The face of Home Assistant: connects a device to the broker that mqtt.json names. In a real run it is started in a process
 * of its own.
 *
 * Guarantee: independent of the control loop; an invalid mqtt.json is logged and shown as a fault, and never
 * stops heating.
 */
import { CredentialError, type PrivateFiles } from "../../azure/credentials/credentials.ts";
import { systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import { type Clock, isTrustedWallTime } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log } from "../../base/log.ts";
import { type Millis, seconds, type WallMillis, wallMillis } from "../../base/units.ts";
import type { LinkState } from "../../control/input.ts";
import type { StepSummary } from "../../control/step-summary.ts";
import { isCommand, readCommand } from "../../home-assistant/documents/commands.ts";
import type { DeviceView } from "../../home-assistant/documents/device-view.ts";
import { discoveryDocument } from "../../home-assistant/documents/discovery.ts";
import { StateDocument } from "../../home-assistant/documents/state.ts";
import {
  HomeAssistant,
  type HomeAssistantOptions,
  type OpenBroker,
} from "../../home-assistant/home-assistant.ts";
import { localTuning } from "../../home-assistant/link/tuning.ts";
import { isLoopback } from "../../hub/host-names.ts";
import { checkConnection } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { FirmwareReport } from "../../model/cloud-model.ts";
import { mayReceive, type Readings } from "../cloud-process/simulated-to-cloud.ts";
import type { Face, FaceDevice } from "../face.ts";
import { HealthReport } from "../health/health-report.ts";
import type { HealthSources } from "../health/machine-health.ts";
import { type MqttSettings, readMqttSettings } from "./mqtt-file.ts";

export interface HomeAssistantFaceOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly dataPath: string;
  /** The environment, including its secrets. */
  readonly env: () => Promise<NodeJS.ProcessEnv>;
  readonly files?: PrivateFiles;
  readonly manifest: Pick<Manifest, "connections">;
  readonly readings: Readings;
  readonly firmware: string;
  readonly board: string;
  /** Default id, derived from this machine; mqtt.json may contain another. */
  readonly unitId: () => string;
  /** When the firmware started, by `clock`. */
  readonly startedMs: Millis;
  readonly healthSources?: HealthSources | undefined;
  /** The setting `relayLife`. */
  readonly relayLife: number;
  readonly firmwareReport: () => FirmwareReport | undefined;
  readonly restart: () => void;
  readonly checkForUpdate: () => void;
  /** Loads MQTT.js only when there is a broker to connect to; replaced in tests. */
  readonly openBroker?: () => Promise<OpenBroker>;
  readonly tuning?: HomeAssistantOptions["tuning"];
  readonly random?: HomeAssistantOptions["random"];
}

/** A larger change means that the clock was set. */
const clockSlack = seconds(5);

const loadBroker = async (): Promise<OpenBroker> =>
  (await import("../../home-assistant/link/mqtt-broker.ts")).openMqttBroker;

export class HomeAssistantFace implements Face {
  readonly part = "home-assistant";
  readonly #options: HomeAssistantFaceOptions;
  #homeAssistant: HomeAssistant | undefined;
  /** Why no connection can be attempted. */
  #refused: string | undefined;
  #summary: StepSummary | undefined;
  #startedAt: WallMillis | undefined;
  #closed = false;

  constructor(options: HomeAssistantFaceOptions) {
    this.#options = options;
  }

  async start(device: FaceDevice): Promise<void> {
    const { dataPath, env, files = systemPrivateFiles, log } = this.#options;
    device.onStepSummary((summary) => {
      this.#summary = summary;
      this.#homeAssistant?.changed();
    });
    try {
      const settings = await readMqttSettings({ dataPath, env: await env(), files });
      if (settings === undefined || this.#isHeldBack(settings)) return;
      const { openBroker = loadBroker } = this.#options;
      const open = await openBroker();
      if (!this.#closed) this.#homeAssistant = this.#connect(device, settings, open);
    } catch (error) {
      this.#refused = messageOf(error);
      const remedy =
        error instanceof CredentialError ? error.remedy : "This is a bug: please report it with this line.";
      log.error("home-assistant-failed", {
        cause: this.#refused,
        remedy,
        now: "heating continues without it",
      });
    }
    device.faceChanged();
  }

  get state(): LinkState {
    return this.#refused === undefined ? (this.#homeAssistant?.state ?? "none") : "offline";
  }

  get failure(): string | undefined {
    return this.#refused ?? this.#homeAssistant?.failure;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#homeAssistant?.close();
  }

  /** SR-14: simulated readings do not leave this machine unless the user requested it. */
  #isHeldBack({ access }: MqttSettings): boolean {
    if (mayReceive(access.host, this.#options.readings)) return false;
    this.#options.log.warn("home-assistant-not-used", {
      why: "simulated readings are not sent to another machine",
      remedy: "To send them anyway: grove-heater run --simulated-to-cloud",
    });
    return true;
  }

  #connect(device: FaceDevice, settings: MqttSettings, open: OpenBroker): HomeAssistant {
    const { clock, log, manifest, firmware, board, unitId, firmwareReport, tuning, random } = this.#options;
    const { id = unitId(), name, discoveryPrefix, access } = settings;
    const view = this.#viewOf(device);
    const state = new StateDocument(clock, view);
    const identity = { id, name, discoveryPrefix, firmware, board };
    return new HomeAssistant({
      access,
      names: { id, discoveryPrefix },
      clock,
      log,
      open,
      tuning: tuning ?? (isLoopback(access.host) ? localTuning : undefined),
      random,
      refuseHost: (host) => checkConnection(manifest, host),
      discovery: () =>
        discoveryDocument({
          identity,
          inForce: device.inForce,
          takesUpdates: firmwareReport() !== undefined,
        }),
      state: () => state.text(),
      isCommand,
      onCommand: (command, text) => this.#carryOut(device, command, text),
      onChange: () => device.faceChanged(),
    });
  }

  async #carryOut(device: FaceDevice, name: string, text: string): Promise<string | undefined> {
    const { restart, checkForUpdate, firmwareReport, log } = this.#options;
    const command = readCommand(name, text, device.inForce);
    if (command.kind === "refused") return command.why;
    log.info("home-assistant-command", { command: name, parameter: text.slice(0, 64) });
    switch (command.kind) {
      case "restart":
        restart();
        return undefined;
      case "check-for-update":
        if (firmwareReport() === undefined) return "this unit has no source of updates";
        checkForUpdate();
        return undefined;
      case "requests":
        return await device.request(...command.requests);
    }
  }

  #viewOf(device: FaceDevice): () => DeviceView {
    const { clock, healthSources: sources, relayLife, firmwareReport } = this.#options;
    const health = new HealthReport({ clock, counters: () => device.counters, sources, relayLife });
    return () => {
      health.refresh();
      health.refreshCounters();
      return {
        inForce: device.inForce,
        activeFaults: device.activeFaults,
        summary: this.#summary,
        readings: { ...health.values, startedAt: this.#whenStarted() },
        firmware: firmwareReport(),
      };
    };
  }

  /** `null` while the clock is wrong. */
  #whenStarted(): string | null {
    const { clock, startedMs } = this.#options;
    const now = clock.wallNow();
    if (!isTrustedWallTime(now)) return null;
    const startedAt = wallMillis(now - (clock.now() - startedMs));
    if (this.#startedAt === undefined || Math.abs(startedAt - this.#startedAt) > clockSlack)
      this.#startedAt = startedAt;
    return isoTime(this.#startedAt);
  }
}
