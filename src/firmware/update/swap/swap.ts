/**
 * Folder swap/: what a loop does about updates.
 *
 * Waits until an installed one may start, then asks the guardian to swap.
 *
 * Whoever installs (the updater's process, below the loop) calls `offer` once the slot is whole; a person's request is a file
 * (request.ts), which is looked for every few seconds. Guarantees: one update waits at a time, the newest; nothing here turns
 * the heater on or keeps it on; the guardian turns it off before the swap and writes the record.
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

/** An update that is whole in its slot. */
export interface InstalledUpdate {
  readonly slot: SlotName;
  readonly digest: string;
  readonly when: "now" | "when-convenient";
}

export interface SwapOptions {
  readonly device: WatchedDevice;
  /** As they are now. */
  readonly settings: () => Pick<Settings, "updateFromHour" | "updateUntilHour">;
  /** In hours: the property `updateDeferral`, as it is in force now. */
  readonly deferral: () => number;
  readonly health: () => HealthNow;
  readonly isSealed: () => boolean;
  readonly readRequest: () => UpdateRequest | undefined;
  /** Must not throw. */
  readonly removeRequest: () => void;
  /** Whether a request by a person lies there: cheap. */
  readonly hasRequest: () => boolean;
  /** To the guardian; nobody hears it where there is none. */
  readonly send: (message: LoopToGuardian) => void;
  readonly clock: Clock;
  readonly log: Log;
}

interface Waiting extends InstalledUpdate {
  readonly by: "source" | "person";
  readonly since: Millis;
  /** Nobody has taken it back. */
  readonly mayBegin: boolean;
}

const lookEvery = seconds(5);
/** The guardian ends this loop within some seconds; where it does not, it is asked again. */
const askAgainAfter = seconds(30);

export class Swap {
  readonly #options: SwapOptions;
  #waiting: Waiting | undefined;
  #nextLook: Millis;
  #told: string | undefined;
  #onCheck: () => void = () => {};
  #onDecision: (update: InstalledUpdate, decision: SwapDecision) => void = () => {};

  constructor(options: SwapOptions) {
    this.#options = options;
    this.#nextLook = options.clock.now();
    options.device.watch((observation) => this.#look(observation));
  }

  /**
   * What the updater installed is to be tried. Replaces an update that waits. The decision is told each time that it
   * changes; the updater then calls `begin`, unless the owner has taken the update back meanwhile.
   */
  offer(update: InstalledUpdate): void {
    this.#told = undefined;
    this.#wait(update, "source");
  }

  /** @param listener is told why an update waits, when that changes, and when it may start */
  onDecision(listener: (update: InstalledUpdate, decision: SwapDecision) => void): void {
    this.#onDecision = listener;
  }

  /** @param listener is called when a person wants the sources asked now */
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
    // Said again, as by an updater that was restarted, it has waited already.
    const since = known?.digest === update.digest ? known.since : this.#options.clock.now();
    this.#waiting = { ...update, by, since, mayBegin: by === "person" };
    this.#nextLook = this.#options.clock.now();
  }

  #look({ commands, input }: Observation): void {
    const now = this.#options.clock.now();
    if (now < this.#nextLook) return;
    this.#nextLook = millis(now + lookEvery);
    if (this.#hearPerson()) return;
    const update = this.#waiting;
    if (update === undefined) return;
    const decision = this.#decide(update, commands.heater, input);
    this.#tell(update, decision);
    if (decision.kind === "start" && update.mayBegin) this.#start(update);
  }

  #start(update: Waiting): void {
    const { clock, send, log } = this.#options;
    const now = clock.now();
    log.info("update-starts", { slot: update.slot, afterSeconds: Math.round((now - update.since) / 1000) });
    this.#nextLook = millis(now + askAgainAfter);
    const { slot, digest } = update;
    const { sensorFails } = this.#options.health();
    const which = update.by === "person" ? {} : { slot, digest };
    send({ kind: "replace-loop", ...which, ...(sensorFails && { sensorFails }) });
  }

  /** @returns whether the guardian was asked already */
  #hearPerson(): boolean {
    const { clock, hasRequest, readRequest, send, log } = this.#options;
    if (!hasRequest()) {
      // Taken back, or heard by the start of this loop.
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
    this.#nextLook = millis(clock.now() + askAgainAfter);
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

  #tell(update: InstalledUpdate, decision: SwapDecision): void {
    const news = `${update.digest} ${decision.kind === "wait" ? decision.code : ""}`;
    if (news === this.#told) return;
    this.#told = news;
    if (decision.kind === "wait") {
      const { code, reason } = decision;
      this.#options.log.info("update-waits", { slot: update.slot, code, reason });
    }
    this.#onDecision(update, decision);
  }
}
