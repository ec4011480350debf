/**
 * Folder firmware/: puts board, core and faces together, into processes that guard each other.
 *
 * The running device: reads the hat, calls the core and carries out its commands. The same on a Pi, on the
 * virtual hat and in virtual time.
 *
 * The loop runs by itself: `start` begins it, `stop` ends it, and a caller never steps it.
 * - Feed: readings, button edges and the line's read-back come from the hat; requests, link states and failing parts
 *   come from callers. Each step takes all that has arrived. A request, an edge, a reading, or a change of a link or
 *   part causes a step at once; what the device checks itself (the line, the health of hat and store) does not.
 * - Drain: nothing needs to be fetched. A step asserts its commands on the hat, the relay first, logs its events, hands
 *   a changed state to the store, and then calls `onStep` and the watchers with its input and its results. They must
 *   not throw and should not wait.
 * - Come back: not needed. A timer on the given clock starts the next step at the core's `wakeAtMs`, at the latest after
 *   a second. After `stop` there is no further step and requests are refused; `stop` waits only for the store and the hat.
 *
 * Guarantee: commands are asserted again at every step, at least once a second; a sensor, display or disk that
 * hangs delays no step; the relay is the first thing that a step writes and the first that `stop` turns off.
 */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { type Millis, millis, seconds } from "../base/units.ts";
import type { Hat, HatHealth } from "../board/hat.ts";
import type {
  ButtonEdge,
  Input,
  LinkState,
  Request,
  SensorReading,
  UpdateProgress,
} from "../control/input.ts";
import type { Commands, ControlEvent } from "../control/output.ts";
import { type ControlState, start, step, stop } from "../control/step.ts";
import { type StepSummary, summaryOf } from "../control/step-summary.ts";
import { toDurable } from "../control/to-durable.ts";
import { type InForce, inForce } from "../control/twin/in-force.ts";
import type { FaultCode } from "../model/faults.ts";
import type { Settings } from "../model/settings.ts";
import { logEvent } from "./event-log.ts";
import { type Face, type FaceDevice, type FacePart, Faces } from "./face.ts";
import { failingParts, type ReportedPart } from "./failing-parts.ts";
import type { ReadLocalTime } from "./local-time/local-time.ts";
import { restoreState } from "./storage/restore-state.ts";
import type { StateStore } from "./storage/state-store.ts";

/** Input and results of one step: for the terminal, the simulator's table and the tests. */
export interface Observation {
  readonly atMs: Millis;
  readonly input: Input;
  readonly commands: Commands;
  readonly events: readonly ControlEvent[];
  /** Active faults, most severe first. */
  readonly activeFaults: readonly FaultCode[];
}

export interface DeviceParts {
  readonly hat: Hat;
  readonly settings: Settings;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly firmware: string;
  /** For the schedule, which does nothing without it. */
  readonly localTime?: ReadLocalTime;
  /** Parts that failed before the device was created. */
  readonly failing?: readonly ReportedPart[];
  /** How long the relay had been off at time 0 of the clock; `undefined`: it was never seen on. */
  readonly relayOffFor?: Millis | undefined;
  /** Called after each step, as a heartbeat. */
  readonly onStep?: (observation: Observation) => void;
}

/** A step comes at least this often, so that the outputs are asserted and the line is read back. */
const maxStepInterval = seconds(1);
/** How long `stop` waits for a disk that hangs: the power supply may be about to fail. */
const flushLimit = seconds(3);

export class Device implements FaceDevice {
  readonly #parts: DeviceParts;
  #state: ControlState;
  /** Revision of the state that was handed to the store last. */
  #saved: number | undefined;
  #reading: SensorReading | undefined;
  #buttons: ButtonEdge[] = [];
  #requests: Request[] = [];
  readonly #faces = new Faces<Device>();
  readonly #reported: Set<ReportedPart>;
  #update: UpdateProgress | undefined;
  #cancelStep: () => void = () => {};
  /** The first reading was tried. Until then no picture is sent: it would occupy the sensor's bus for 0.2 s. */
  #hasTriedSensor = false;
  #stopped = false;
  readonly #watchers: ((observation: Observation) => void)[] = [];
  readonly #storedListeners: (() => void)[] = [];

  private constructor(parts: DeviceParts, state: ControlState) {
    this.#parts = parts;
    this.#state = state;
    this.#reported = new Set(parts.failing);
    parts.store.onSettled(() => {
      for (const listener of this.#storedListeners) listener();
    });
  }

  /** Loads the durable state, takes the first step and starts the loop. The hat's relay is off already. */
  static async start(parts: DeviceParts): Promise<Device> {
    const { store, clock, log, settings, firmware, hat } = parts;
    const { durable, lost } = await restoreState(store);
    if (lost) {
      const now = durable ? "the previous state" : "defaults";
      log.warn("state-unreadable", { reason: lost.reason, keptAs: lost.keptAs, now });
    }
    const nowMs = clock.now();
    const { relayOffFor } = parts;
    const relayOffMs = relayOffFor === undefined ? undefined : millis(relayOffFor + nowMs);
    const at = { nowMs, wallMs: clock.wallNow(), firmware, stateLost: lost !== undefined, relayOffMs };
    const device = new Device(parts, start(settings, durable, at));
    hat.onButton((edge) => {
      device.#buttons.push(edge);
      device.#step();
    });
    device.#step();
    void device.#pollSensor();
    return device;
  }

  /**
   * Causes one step, in which all requests take effect.
   * @returns why one of them was refused, if any was
   */
  request(...requests: readonly Request[]): string | undefined {
    if (this.#stopped) return "the device is stopping";
    this.#requests.push(...requests);
    const refused = this.#step().find((event) => event.kind === "refused");
    return refused?.kind === "refused" ? refused.reason : undefined;
  }

  /** The current values that the cloud may read and set. */
  get inForce(): InForce {
    return inForce(this.#state);
  }

  get counters(): ControlState["counters"] {
    return this.#state.counters;
  }

  /** Active faults, most severe first. */
  get activeFaults(): readonly FaultCode[] {
    return this.#state.faults;
  }

  /** The display that was found; `undefined` while there is none. */
  get display(): HatHealth["display"] {
    return this.#parts.hat.health.display;
  }

  /** Whether the state is on the disk; true also when the disk has failed, since waiting would be of no use. */
  get stored(): boolean {
    return this.#parts.store.settled;
  }

  onStored(listener: () => void): void {
    this.#storedListeners.push(listener);
  }

  onStepSummary(listener: (summary: StepSummary) => void): void {
    this.watch(({ commands, events }) => listener(summaryOf(commands, events)));
  }

  /** Calls `watcher` after each step from now on, until the device stops. */
  watch(watcher: (observation: Observation) => void): void {
    this.#watchers.push(watcher);
  }

  /** Starts a face; its state and failure are read at each step from then on: shown, never a reason to stop (SR-11). */
  addFace(face: Face<Device>): Promise<void> {
    return this.#faces.start(face, this);
  }

  faceChanged(): void {
    this.#step();
  }

  /** The state of the link to the cloud alone, or to Home Assistant. */
  linkOf(part: FacePart): LinkState {
    return this.#faces.stateOf(part);
  }

  /** Reports that a part which the device cannot check itself fails from now on, or works again (SR-11). */
  setFailing(part: ReportedPart, failing: boolean): void {
    if (failing === this.#reported.has(part)) return;
    if (failing) this.#reported.add(part);
    else this.#reported.delete(part);
    this.#step();
  }

  /** The progress of an update, for the screen; `undefined`: none is under way. */
  setUpdate(update: UpdateProgress | undefined): void {
    if (update?.state === this.#update?.state && update?.percent === this.#update?.percent) return;
    this.#update = update;
    this.#step();
  }

  /** Relay off, state on disk, hat closed. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelStep();
    const { hat, store, clock } = this.#parts;
    hat.setHeater(false);
    const stopped = stop(this.#state, clock.now());
    if (stopped.revision !== this.#saved) store.offer(toDurable(stopped));
    await Promise.race([store.flush(), clock.sleep(flushLimit)]);
    await hat.close();
  }

  /** Simulates a power cut: nothing more is written or closed. For the simulator. */
  abandon(): void {
    this.#stopped = true;
    this.#cancelStep();
  }

  /** A read that never settles would stop the polling but not the steps: the sensor then becomes stale (SR-02). */
  async #pollSensor(): Promise<void> {
    const { hat, clock, settings } = this.#parts;
    const period = seconds(settings.sensorPeriodSeconds);
    while (!this.#stopped) {
      const due = clock.now() + period;
      this.#reading = await hat.readSensor();
      this.#hasTriedSensor = true;
      this.#step();
      await clock.sleep(millis(Math.max(0, due - clock.now())));
    }
  }

  #step(): readonly ControlEvent[] {
    if (this.#stopped) return [];
    const { clock, store, onStep } = this.#parts;
    const atMs = clock.now();
    const input = this.#takeInput();
    const { state, commands, events, wakeAtMs } = step(this.#state, input, atMs);
    this.#state = state;
    this.#assert(commands);
    for (const event of events) logEvent(this.#parts.log, event);
    if (state.revision !== this.#saved) {
      this.#saved = state.revision;
      store.offer(toDurable(state));
    }
    this.#cancelStep();
    const wait = Math.min(maxStepInterval, Math.max(1, wakeAtMs - clock.now()));
    this.#cancelStep = clock.setTimer(millis(wait), () => void this.#step());
    const observation = { atMs, input, commands, events, activeFaults: state.faults };
    onStep?.(observation);
    for (const watch of this.#watchers) watch(observation);
    return events;
  }

  #takeInput(): Input {
    const wallMs = this.#parts.clock.wallNow();
    const input: Input = {
      reading: this.#reading,
      buttons: this.#buttons,
      relayLine: this.#parts.hat.readRelay(),
      requests: this.#requests,
      link: this.#faces.state,
      update: this.#update,
      failing: failingParts(
        {
          ...this.#parts.hat.health,
          storeFailure: this.#parts.store.failure,
          failingFaces: this.#faces.failing,
        },
        this.#reported,
      ),
      wallMs,
      local: this.#parts.localTime?.(wallMs),
    };
    this.#reading = undefined;
    this.#buttons = [];
    this.#requests = [];
    return input;
  }

  #assert(commands: Commands): void {
    const { hat } = this.#parts;
    hat.setHeater(commands.heater);
    hat.setModeLed(commands.modeLed);
    hat.setStatusLed(commands.statusLed);
    if (this.#hasTriedSensor) hat.show(commands.screen);
  }
}
