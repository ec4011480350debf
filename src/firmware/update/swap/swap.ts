/**
 * Folder swap/: the loop's part in updates.
 *
 * Waits until an installed update may start, then asks the guardian to replace the loop.
 *
 * The updater (a process below the loop) calls `offer` once an update is installed; a person's request is a
 * file (request.ts), for which this looks every few seconds. Guarantees: one update waits at a time, the
 * newest; nothing here turns the heater on or keeps it on; the guardian turns it off before the swap and
 * writes the record.
 */
import type { Clock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import { type Millis, millis, seconds } from "../../../base/units.ts";
import { hourOfDay } from "../../../control/schedule/week-times.ts";
import type { Settings } from "../../../model/settings.ts";
import type { SlotName } from "../../../update/slots/slots.ts";
import type { Observation } from "../../device.ts";
import type { LoopToGuardian } from "../../process/messages.ts";
import type { UpdateRequest } from "../request.ts";
import type { HealthNow, WatchedDevice } from "./health.ts";
import { decideSwap, type SwapDecision } from "./swap-decision.ts";

/** An update that is completely installed in its slot. */
export interface InstalledUpdate {
  readonly slot: SlotName;
  readonly digest: string;
  readonly when: "now" | "when-convenient";
}

export interface SwapOptions {
  readonly device: WatchedDevice;
  /** As they are now. */
  readonly settings: () => Pick<Settings, "updateFromHour" | "updateUntilHour">;
  /** The value in force of the property `updateDeferral`, in hours. */
  readonly deferral: () => number;
  readonly health: () => HealthNow;
  readonly isSealed: () => boolean;
  readonly readRequest: () => UpdateRequest | undefined;
  /** Must not throw. */
  readonly removeRequest: () => void;
  /** Whether there is a file with a person's request. Cheap. */
  readonly hasRequest: () => boolean;
  /** Sends to the guardian; does nothing without one. */
  readonly send: (message: LoopToGuardian) => void;
  readonly clock: Clock;
  readonly log: Log;
}

interface Waiting extends InstalledUpdate {
  readonly by: "source" | "person";
  readonly since: Millis;
  /** The update was not canceled, so it may start. */
  readonly mayBegin: boolean;
}

const checkInterval = seconds(5);
/** The guardian ends this loop within some seconds; if it does not, it is asked again after this time. */
const askAgainAfter = seconds(30);

export class Swap {
  readonly #options: SwapOptions;
  #waiting: Waiting | undefined;
  #nextCheckAt: Millis;
  #reported: string | undefined;
  #onCheck: () => void = () => {};
  #onDecision: (update: InstalledUpdate, decision: SwapDecision) => void = () => {};

  constructor(options: SwapOptions) {
    this.#options = options;
    this.#nextCheckAt = options.clock.now();
    options.device.watch((observation) => this.#check(observation));
  }

  /**
   * Offers an update that the updater has installed. It replaces an update that waits. Each new decision is
   * reported; once the update may start, the updater calls `begin`, unless the owner has canceled it
   * meanwhile.
   */
  offer(update: InstalledUpdate): void {
    this.#reported = undefined;
    this.#wait(update, "source");
  }

  /** @param listener receives each new decision: why the update waits, or that it may start */
  onDecision(listener: (update: InstalledUpdate, decision: SwapDecision) => void): void {
    this.#onDecision = listener;
  }

  /** @param listener is called when a person requests a check for updates */
  onCheck(listener: () => void): void {
    this.#onCheck = listener;
  }

  /** Starts the offered update, if it is the one that waits. */
  begin(digest: string): void {
    const update = this.#waiting;
    if (update?.digest !== digest || update.by !== "source") return;
    this.#waiting = { ...update, mayBegin: true };
    this.#start(update);
  }

  #wait(update: InstalledUpdate, by: Waiting["by"]): void {
    const known = this.#waiting;
    // The same update may be offered again, by a restarted updater: the time that it has waited counts.
    const since = known?.digest === update.digest ? known.since : this.#options.clock.now();
    this.#waiting = { ...update, by, since, mayBegin: by === "person" };
    this.#nextCheckAt = this.#options.clock.now();
  }

  #check({ commands, input }: Observation): void {
    const now = this.#options.clock.now();
    if (now < this.#nextCheckAt) return;
    this.#nextCheckAt = millis(now + checkInterval);
    if (this.#handleRequest()) return;
    const update = this.#waiting;
    if (update === undefined) return;
    const decision = this.#decide(update, commands.heater, input);
    this.#report(update, decision);
    if (decision.kind === "start" && update.mayBegin) this.#start(update);
  }

  #start(update: Waiting): void {
    const { clock, send, log } = this.#options;
    const now = clock.now();
    log.info("update-starts", { slot: update.slot, afterSeconds: Math.round((now - update.since) / 1000) });
    this.#nextCheckAt = millis(now + askAgainAfter);
    const { slot, digest } = update;
    const { sensorFails } = this.#options.health();
    const which = update.by === "person" ? {} : { slot, digest };
    send({ kind: "replace-loop", ...which, ...(sensorFails && { sensorFails }) });
  }

  /** @returns whether the loop's replacement was requested already */
  #handleRequest(): boolean {
    const { clock, hasRequest, readRequest, send, log } = this.#options;
    if (!hasRequest()) {
      // Canceled, or carried out by the start of this loop.
      if (this.#waiting?.by === "person") this.#waiting = undefined;
      return false;
    }
    const request = readRequest();
    if (request === undefined) return false;
    if (request.kind === "check") {
      this.#options.removeRequest();
      this.#onCheck();
      return false;
    }
    if (request.kind === "start") {
      const { slot, digest } = request;
      if (this.#waiting?.digest !== digest)
        this.#wait({ slot, digest, when: request.now ? "now" : "when-convenient" }, "person");
      return false;
    }
    log.info("update-revert", { why: "a person asked for it" });
    this.#nextCheckAt = millis(clock.now() + askAgainAfter);
    send({ kind: "replace-loop" });
    return true;
  }

  #decide(
    update: Waiting,
    heaterOn: boolean,
    { wallMs, local }: Pick<Observation["input"], "wallMs" | "local">,
  ): SwapDecision {
    const { clock, settings, deferral, health, isSealed } = this.#options;
    const { sensor, sensorFails, relay, storage } = health();
    return decideSwap({
      by: update.by,
      when: update.when,
      isSealed: isSealed(),
      heaterOn,
      isHealthy: sensor && !sensorFails && relay && storage,
      waited: millis(clock.now() - update.since),
      hour: local && hourOfDay(wallMs, local),
      settings: { ...settings(), updateDeferralHours: deferral() },
    });
  }

  #report(update: InstalledUpdate, decision: SwapDecision): void {
    const summary = `${update.digest} ${decision.kind === "wait" ? decision.code : ""}`;
    if (summary === this.#reported) return;
    this.#reported = summary;
    if (decision.kind === "wait") {
      const { code, reason } = decision;
      this.#options.log.info("update-waits", { slot: update.slot, code, reason });
    }
    this.#onDecision(update, decision);
  }
}
