/**
 * The cloud client of a device: twin, telemetry and commands over the Azure link.
 *
 * Guarantee: loaded only with credentials, after the control loop runs, in a process of its own (in virtual time in the
 * device's process). It reads the device's state, and sends it the same requests that a user may make; twin messages are
 * processed one after another, each with the device's state after the one before.
 */

import {
  type CloudLink,
  type CommandReply,
  type Credentials,
  type LinkCause,
  localHubTuning,
  openCloud,
} from "../../azure/azure.ts";
import { Outbox } from "../../azure/outbox/outbox.ts";
import type { OpenStore } from "../../azure/outbox/store.ts";
import { isEvent, shapeTelemetry, startTelemetry, type TelemetryState } from "../../azure/telemetry.ts";
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import { type Clock, earliestWallTime } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log } from "../../base/log.ts";
import { type Millis, minutes, seconds, type WallMillis, wallMillis } from "../../base/units.ts";
import type { LinkState } from "../../control/input.ts";
import type { StepSummary } from "../../control/step-summary.ts";
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
} from "../../control/twin/twin.ts";
import { checkConnection } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import {
  type CommandName,
  type CommandParameter,
  deviceInformation,
  type FirmwareReport,
  firmwareComponent,
  modelId,
  type UnstoredValues,
} from "../../model/cloud-model.ts";
import { faultsText } from "../../model/faults.ts";
import type { FaceDevice } from "../face.ts";
import { HealthReport } from "../health/health-report.ts";
import type { HealthSources } from "../health/machine-health.ts";
import { bootOfThisMachine } from "../process/system-clock.ts";
import { ReportSender, type ReportSenderOptions } from "../reports/report-sender.ts";
import type { DurableFiles } from "../storage/durable-files.ts";
import { requestOf } from "./command-request.ts";
import { describeMachine } from "./device-information.ts";
import { gatedOutbox } from "./gated-outbox.ts";
import { RenewalWatch } from "./renewal-watch.ts";

export interface CloudClientParts {
  readonly device: FaceDevice;
  /** When the firmware started, by `clock`; without it: now. */
  readonly startedMs?: Millis | undefined;
  /** Sets the outbox aside and starts an empty one. */
  readonly setOutboxAside?: boolean | undefined;
  readonly credentials: Credentials;
  /** Whether the hub runs on this machine and shares its clock. */
  readonly isLocalHub: boolean;
  readonly manifest: Manifest;
  readonly dataPath: string;
  readonly files: DurableFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly firmware: string;
  /** Whether the unit is sealed now; absent: it is not. */
  readonly isSealed?: (() => boolean) | undefined;
  readonly board: string;
  /** Ends the loop so that the guardian restarts it. */
  readonly restart: () => void;
  /** Sources of the machine's health; without them none is reported. */
  readonly healthSources?: HealthSources | undefined;
  /** The setting `relayLife`. */
  readonly relayLife?: number | undefined;
  /** Error reports that are to be sent. */
  readonly reports?: ReportSenderOptions["store"] | undefined;
  /** Called with the minutes for which log lines are requested. */
  readonly sendLogs?: ((minutes: number) => void) | undefined;
  /** The update status; `undefined` on a unit without updates. */
  readonly firmwareReport?: (() => FirmwareReport | undefined) | undefined;
  /** Asks the sources of updates now. */
  readonly checkForUpdate?: (() => void) | undefined;
  /** Creates the link; replaced in tests. */
  readonly open?: typeof openCloud;
  /** Opens the outbox's store; replaced in tests. */
  readonly openStore?: OpenStore;
}

/** Causes that need a fix by a person. */
const needsPerson: readonly LinkCause["code"][] = ["key-refused", "disabled"];
const twinRetries: BackoffLimits = { first: seconds(1), longest: minutes(1) };
/** Delay of a restart, so that the command is answered first. */
const restartPause = seconds(1);
/** A larger change means that the clock was set. */
const clockSlack = seconds(5);
/** Maximum of waiting twin messages; beyond it the whole twin is requested again. */
const maxTwinMessages = 128;

export class CloudClient {
  /** Resolves when the outbox is open or has failed. */
  readonly opened: Promise<void>;
  readonly #parts: CloudClientParts;
  readonly #link: CloudLink;
  readonly #outbox: Outbox;
  readonly #renewal: RenewalWatch;
  readonly #reports: ReportSender | undefined;
  readonly #startedMs: Millis;
  #startedAt: WallMillis;
  readonly #machine: ReturnType<typeof describeMachine>;
  #twin: TwinLink = startLink;
  /** Twin messages of the hub to be processed, in order. */
  #twinMessages: (() => TwinOutcome)[] = [];
  #processing = false;
  #telemetry: TelemetryState;
  /** The cause, if the link needs a fix by a person. */
  #refused: string | undefined;
  #state: LinkState = "none";
  #shownFailure: string | undefined;
  readonly #health: HealthReport;
  readonly #twinBackoff = new Backoff(twinRetries);
  #twinRequested = false;
  #closed = false;

  constructor(parts: CloudClientParts) {
    const { clock, log, dataPath, files, manifest, credentials } = parts;
    const { isLocalHub, device, open = openCloud } = parts;
    this.#parts = parts;
    this.#startedMs = parts.startedMs ?? clock.now();
    this.#startedAt = this.#whenStarted();
    this.#machine = describeMachine(parts.board, parts.firmware, dataPath);
    this.#telemetry = startTelemetry(clock.now());
    this.#renewal = new RenewalWatch(credentials, clock, log);
    const { healthSources: sources, relayLife = 0 } = parts;
    this.#health = new HealthReport({ clock, counters: () => device.counters, sources, relayLife });
    this.#outbox = Outbox.open({
      openStore: parts.openStore ?? gatedOutbox({ dataPath, manifest, clock }),
      setAside: parts.setOutboxAside,
      clock,
      log,
      boot: bootOfThisMachine(clock),
      runId: crypto.randomUUID().slice(0, 13),
      clockFloorMs: earliestWallTime,
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
      tuning: isLocalHub ? localHubTuning : undefined,
      sharesClock: isLocalHub,
      handlers: {
        onTwin: (document) => this.#enqueue(() => takeDocument(this.#twin, device.inForce, document)),
        onPatch: (patch, version) =>
          this.#enqueue(() => takePatch(this.#twin, device.inForce, patch, version)),
        onCommand: (name, parameter) => this.#command(name, parameter),
        onLink: (state, cause) => this.#onLink(state, cause),
      },
    });
    const send: CloudLink["send"] = (message) => this.#link.send(message);
    this.#reports = parts.reports && new ReportSender({ store: parts.reports, send, clock, log });
    this.opened = this.#outbox.opened.then(() => this.#showFailure());
  }

  /** An acknowledgement waits for the disk, not for the next step, which may be a second away. */
  stored(): void {
    this.#report();
  }

  /** Called after each step, at least once a second. */
  step(summary: StepSummary): void {
    if (this.#closed) return;
    const interval = this.#parts.device.inForce.values.telemetryInterval;
    const before = this.#telemetry.suppressed;
    const { state, messages } = shapeTelemetry(this.#telemetry, summary, interval, this.#parts.clock.now());
    this.#telemetry = state;
    if (state.suppressed > before) {
      const what = "messages of faults that come and go too often";
      this.#parts.log.warn("telemetry-held-back", { what, sinceStart: state.suppressed });
      this.#outbox.addLost(state.suppressed - before);
    }
    for (const message of messages) this.#outbox.append(message, isEvent(message));
    this.#renewal.check();
    this.#health.refresh();
    this.#report();
    this.#showFailure();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The cause, while this does not work: telemetry cannot be stored, or the hub rejects the device. */
  get failure(): string | undefined {
    return this.#outbox.status.failure ?? this.#refused;
  }

  /** Dropped while offline: log lines are only useful live. */
  sendLines(lines: string): void {
    if (this.#state !== "online") return;
    const values: UnstoredValues = { logLines: lines };
    const createdMs = this.#parts.clock.wallNow();
    void this.#link.send({ messageId: crypto.randomUUID(), body: JSON.stringify(values), createdMs });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reports?.setOnline(false);
    await Promise.all([this.#link.close(), this.#outbox.close()]);
  }

  /** The link's own log says why. */
  #onLink(state: LinkState, cause: LinkCause | undefined): void {
    if (state !== "online") {
      this.#twin = startLink;
      this.#twinMessages = [];
    }
    // An open link proves that the clock is right, or as right as the hub's.
    else if (Math.abs(this.#whenStarted() - this.#startedAt) > clockSlack)
      this.#startedAt = this.#whenStarted();
    if (state === "online") this.#refused = undefined;
    else if (cause !== undefined) this.#refused = needsPerson.includes(cause.code) ? cause.text : undefined;
    this.#outbox.setOnline(state === "online");
    this.#reports?.setOnline(state === "online");
    this.#state = state;
    this.#shownFailure = this.failure;
    this.#parts.device.faceChanged();
  }

  #showFailure(): void {
    if (this.failure === this.#shownFailure) return;
    this.#shownFailure = this.failure;
    this.#parts.device.faceChanged();
  }

  #whenStarted(): WallMillis {
    const { clock } = this.#parts;
    return wallMillis(clock.wallNow() - (clock.now() - this.#startedMs));
  }

  #enqueue(apply: () => TwinOutcome): void {
    if (this.#twinMessages.length >= maxTwinMessages) {
      const what = "the hub sends more than can be processed: the document is requested again";
      this.#parts.log.warn("twin-oddity", { what });
      this.#getAgain();
      return;
    }
    this.#twinMessages.push(apply);
    if (!this.#processing) void this.#processTwinMessages();
  }

  async #processTwinMessages(): Promise<void> {
    this.#processing = true;
    for (let apply = this.#twinMessages.shift(); apply !== undefined; apply = this.#twinMessages.shift()) {
      try {
        const outcome = apply();
        // The next message is compared with the state after this one; a device in this process answers at once.
        const answer = this.#take(outcome);
        if (answer instanceof Promise) await answer;
        if (outcome.getAgain) this.#getAgain();
        else this.#twinBackoff.reset();
      } catch (error) {
        this.#parts.log.error("cloud-handler-failed", { handler: "twin", error: messageOf(error) });
      }
    }
    this.#processing = false;
    this.#report();
  }

  #take({ link, problem, requests, decisions }: TwinOutcome): ReturnType<FaceDevice["request"]> {
    const { device, log } = this.#parts;
    this.#twin = link;
    if (problem !== undefined) log.warn("twin-oddity", { what: problem });
    const answer = requests.length > 0 ? device.request(...requests) : undefined;
    for (const { rule, property, version, winner, superseded, reason } of decisions) {
      const [won, lost] = [winner, superseded].map((side) => side && `${side.source}: ${side.value}`);
      log.info("twin-decision", { rule, property, version, won, lost, reason });
    }
    return answer;
  }

  /** Requests the whole twin, after a growing delay; further calls before that have no effect. */
  #getAgain(): void {
    if (this.#twinRequested || this.#closed) return;
    this.#twinRequested = true;
    this.#parts.clock.setTimer(this.#twinBackoff.failed(), () => {
      this.#twinRequested = false;
      if (!this.#closed) this.#link.refetchTwin();
    });
  }

  /** Reports what has changed, once it is on the disk (RR-9). */
  #report(): void {
    const { device } = this.#parts;
    // While a request is pending, the values in force are outdated.
    if (this.#closed || this.#processing || !device.stored) return;
    // Counters are reported along with any other change; alone they are reported once an hour.
    if (this.#nextReport().report === undefined) return;
    this.#health.refreshCounters();
    const { link, report } = this.#nextReport();
    this.#twin = link;
    if (report === undefined) return;
    void this.#link.report(report).then((result) => {
      const after = afterReport(this.#twin, report, result);
      this.#twin = after.link;
      if (after.getAgain) this.#getAgain();
      else this.#report();
    });
  }

  #nextReport(): ReturnType<typeof nextReport> {
    return nextReport(this.#twin, this.#parts.device.inForce, this.#sections());
  }

  #sections(): ReportedSections {
    const { device, firmware, board } = this.#parts;
    const { inForce, activeFaults } = device;
    const updates = this.#parts.firmwareReport?.();
    return {
      lastChange: lastChange(inForce),
      firmwareVersion: firmware,
      board,
      startedAt: isoTime(this.#startedAt),
      faults: faultsText(activeFaults),
      boostUntil: isoTimeOrNull(inForce.boostUntil),
      setPointFrom: inForce.setPoint.from,
      setPointUntil: isoTimeOrNull(inForce.setPoint.untilMs),
      nextSetPoint: inForce.setPoint.next ?? null,
      windowOpen: inForce.room.windowOpen,
      roomLearned: inForce.room.learned,
      roomRise: inForce.room.rise,
      ...this.#health.values,
      telemetryDropped: this.#outbox.status.dropped,
      sealed: this.#parts.isSealed?.() ?? false,
      certificateExpires: this.#renewal.expires,
      [deviceInformation.name]: { __t: "c", ...this.#machine },
      ...(updates !== undefined && { [firmwareComponent.name]: { __t: "c", ...updates } }),
    };
  }

  async #command(name: CommandName, parameter: CommandParameter | undefined): Promise<CommandReply> {
    const { device, clock, restart, log, sendLogs, firmwareReport, checkForUpdate } = this.#parts;
    log.info("command", { command: name, parameter });
    if (name === "restart") {
      clock.setTimer(restartPause, restart);
      return { status: 202, payload: { result: "restarting" } };
    }
    if (name === "sendLogs") {
      sendLogs?.(Number(parameter));
      const result = parameter === 0 ? "ended" : `log lines follow for ${parameter} min`;
      return sendLogs === undefined ? logsUnavailable : { status: 200, payload: { result } };
    }
    if (name === "checkForUpdate") {
      if (firmwareReport?.() === undefined) return noUpdates;
      checkForUpdate?.();
      return { status: 202, payload: { result: "checking" } };
    }
    const refused = await device.request(requestOf(name, parameter));
    return refused === undefined
      ? { status: 200, payload: { result: "done" } }
      : { status: 409, payload: { result: "refused", reason: refused } };
  }
}

const isoTimeOrNull = (wallMs: WallMillis | undefined): string | null =>
  wallMs === undefined ? null : isoTime(wallMs);

const logsUnavailable: CommandReply = {
  status: 501,
  payload: { result: "refused", reason: "no log can be sent" },
};

const noUpdates: CommandReply = {
  status: 409,
  payload: { result: "refused", reason: "this unit has no source of updates: it has no updates.json" },
};
