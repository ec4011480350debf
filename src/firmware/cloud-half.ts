/**
 * The cloud half of a running device: its twin, its telemetry and its commands, on a link that comes and goes.
 *
 * Guarantee: loaded only where there are credentials, after the control loop runs; nothing here throws into a step or
 * delays one. It looks at the device after each step, and asks of it only what a person may ask.
 */
import { join } from "node:path";
import {
  type CloudLink,
  type CommandReply,
  type Credentials,
  nearbyTuning,
  openCloud,
} from "../cloud/cloud.ts";
import { segmentStore } from "../cloud/outbox/segment-store.ts";
import { Outbox } from "../cloud/outbox.ts";
import { shapeTelemetry, startTelemetry, type TelemetryState } from "../cloud/telemetry.ts";
import type { Clock } from "../control/clock.ts";
import { type CommandName, deviceInformation, modelId } from "../control/cloud-model.ts";
import type { LinkState, Request } from "../control/input.ts";
import { isoTime } from "../control/iso-time.ts";
import type { Log } from "../control/log.ts";
import {
  afterReport,
  lastChange,
  nextReport,
  type ReportedSections,
  startLink,
  type TwinLink,
  type TwinOutcome,
  takeDocument,
  takePatch,
} from "../control/twin/twin.ts";
import { millis, minutes, seconds, type WallMillis, wallMillis } from "../control/units.ts";
import { checkConnection } from "../manifest/gate.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { bootOfThisMachine } from "./boot.ts";
import type { Device, Observation } from "./device.ts";
import { describeMachine } from "./device-information.ts";
import type { DurableFiles } from "./durable-files.ts";

export interface CloudHalfParts {
  readonly device: Device;
  readonly credentials: Credentials;
  /** The hub stands on this machine: nobody has to be spared. */
  readonly nearby: boolean;
  readonly manifest: Manifest;
  readonly dataPath: string;
  readonly files: DurableFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly firmware: string;
  readonly board: string;
  /** Ends the loop so that the guardian starts it anew. */
  readonly restart: () => void;
  /** Makes the link; a test has another. */
  readonly open?: typeof openCloud;
}

/** A clock that shows less was never right: nothing of this firmware is older. */
const clockFloor = wallMillis(Date.UTC(2026, 10, 1));
const firstPause = seconds(1);
const longestPause = minutes(1);
/** The answer goes out before the loop ends. */
const restartPause = seconds(1);

export class CloudHalf {
  readonly #parts: CloudHalfParts;
  readonly #link: CloudLink;
  readonly #outbox: Outbox;
  readonly #startedAt: WallMillis;
  readonly #machine: ReturnType<typeof describeMachine>;
  #twin: TwinLink = startLink;
  #telemetry: TelemetryState;
  #pause = firstPause;
  #asking = false;
  #closed = false;

  constructor(parts: CloudHalfParts) {
    const { clock, log, dataPath, files, manifest, credentials, nearby, device, open = openCloud } = parts;
    this.#parts = parts;
    this.#startedAt = clock.wallNow();
    this.#machine = describeMachine(parts.board, parts.firmware, dataPath);
    this.#telemetry = startTelemetry(clock.now());
    this.#outbox = Outbox.open({
      openStore: segmentStore(join(dataPath, "outbox"), () => clock.wallNow()),
      clock,
      log,
      boot: bootOfThisMachine(clock),
      runId: crypto.randomUUID().slice(0, 13),
      clockFloorMs: clockFloor,
      send: (message) => this.#link.send(message),
    });
    this.#link = open({
      credentials,
      clock,
      log,
      dataPath,
      files,
      modelId,
      caPem: credentials.caPem,
      refuseHost: (host) => checkConnection(manifest, host),
      tuning: nearby ? nearbyTuning : undefined,
      handlers: {
        onTwin: (document) => this.#take(takeDocument(this.#twin, device.inForce, document)),
        onPatch: (patch, version) => this.#take(takePatch(this.#twin, device.inForce, patch, version)),
        onCommand: (name, parameter) => this.#command(name, parameter),
        onLink: (state) => this.#onLink(state),
      },
    });
    // An acknowledgement waits for the disk, not for the next step, which may be a second away.
    device.onStored(() => this.#report());
  }

  /** Called after each step. */
  observe(observation: Observation): void {
    if (this.#closed) return;
    const { screen, heater } = observation.commands;
    const events = observation.events;
    const { state, messages } = shapeTelemetry(
      this.#telemetry,
      {
        temperature: screen.temperature,
        humidity: screen.humidity,
        setPoint: screen.target,
        heatingDemand: screen.demand,
        heaterOn: heater,
        automatic: screen.mode === "auto",
        raised: events.flatMap((event) => (event.kind === "fault-raised" ? [event.fault] : [])),
        ended: events.flatMap((event) => (event.kind === "fault-ended" ? [event.fault] : [])),
      },
      this.#parts.device.inForce.values.telemetryInterval,
      observation.atMs,
    );
    this.#telemetry = state;
    for (const message of messages) this.#outbox.append(message);
    this.#report();
  }

  /** Why telemetry cannot be kept, while it cannot. */
  get failure(): string | undefined {
    return this.#outbox.status.failure;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.#link.close(), this.#outbox.close()]);
  }

  /** The link's own log says why. */
  #onLink(state: LinkState): void {
    if (state !== "online") this.#twin = startLink;
    this.#outbox.setOnline(state === "online");
    this.#parts.device.setLink(state);
  }

  #take(outcome: TwinOutcome): void {
    const { device, log } = this.#parts;
    this.#twin = outcome.link;
    if (outcome.oddity !== undefined) log.warn("twin-oddity", { what: outcome.oddity });
    if (outcome.requests.length > 0) device.request(...outcome.requests);
    for (const { rule, property, version, winner, loser, reason } of outcome.decisions) {
      const [won, lost] = [winner, loser].map((side) => side && `${side.source}: ${side.value}`);
      log.info("twin-decision", { rule, property, version, won, lost, reason });
    }
    if (outcome.getAgain) this.#getAgain();
    else this.#pause = firstPause;
    this.#report();
  }

  /** One request at a time, after a pause that grows; several reasons are one. */
  #getAgain(): void {
    if (this.#asking || this.#closed) return;
    this.#asking = true;
    const pause = this.#pause;
    this.#pause = millis(Math.min(longestPause, pause * 2));
    this.#parts.clock.setTimer(pause, () => {
      this.#asking = false;
      if (!this.#closed) this.#link.refetchTwin();
    });
  }

  /** Says what is new, once it is on the disk (RR-9). */
  #report(): void {
    const { device } = this.#parts;
    if (this.#closed || !device.stored) return;
    const { link, report } = nextReport(this.#twin, device.inForce, this.#sections());
    this.#twin = link;
    if (report === undefined) return;
    void this.#link.report(report).then((result) => {
      const after = afterReport(this.#twin, report, result);
      this.#twin = after.link;
      if (after.getAgain) this.#getAgain();
      else this.#report();
    });
  }

  #sections(): ReportedSections {
    const { device, firmware, board } = this.#parts;
    const { inForce, counters, standing } = device;
    return {
      lastChange: lastChange(inForce),
      firmwareVersion: firmware,
      board,
      startedAt: isoTime(this.#startedAt),
      faults: standing.join(", "),
      boostUntil: inForce.boostUntil === undefined ? null : isoTime(inForce.boostUntil),
      relayCycles: counters.relayCycles,
      // To the tenth: a property that moved every second would be a message every second.
      heaterHours: Math.floor(counters.heaterSeconds / 360) / 10,
      telemetryDropped: this.#outbox.status.dropped,
      [deviceInformation.name]: { __t: "c", ...this.#machine },
    };
  }

  async #command(name: CommandName, parameter: number | undefined): Promise<CommandReply> {
    const { device, clock, restart, log } = this.#parts;
    log.info("command", { command: name, parameter });
    if (name === "restart") {
      clock.setTimer(restartPause, restart);
      return { status: 202, payload: { result: "restarting" } };
    }
    const refused = device.request(requestOf(name, parameter ?? 0));
    return refused === undefined
      ? { status: 200, payload: { result: "done" } }
      : { status: 409, payload: { result: "refused", reason: refused } };
  }
}

function requestOf(name: Exclude<CommandName, "restart">, parameter: number): Request {
  const source = "cloud";
  switch (name) {
    case "boost":
      return { kind: "boost", minutes: parameter, source };
    case "identify":
      return { kind: "identify", seconds: parameter, source };
    case "clearFault":
      return { kind: "clear-faults", source };
  }
}
