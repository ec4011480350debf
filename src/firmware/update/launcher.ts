/**
 * Folder update/: installed updates: which program a start uses, how a program on trial is judged, and when
 * the loop may be replaced.
 *
 * The launcher: chooses which program's loop the guardian starts. The guardian is always that of the
 * installation, which no update replaces. Loaded only if the data folder has slots.
 *
 * Guarantees: every byte of a slot is verified before each start, and a start on trial is counted on the disk
 * before it happens, or does not happen. If anything here fails or takes too long, the firmware of the
 * installation starts and reports why: a bad update never stops the heating, and is never shown as a good
 * one.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import { type Millis, millis, minutes, seconds } from "../../base/units.ts";
import { compareVersions } from "../../base/version.ts";
import { stateVersions } from "../../control/durable.ts";
import { checkRuns, type Machine } from "../../update/image/fitness.ts";
import type { SlotStore } from "../../update/slots/slot-store.ts";
import {
  confirmed,
  type NextStart,
  nextStart,
  noSlots,
  reverted,
  type SlotName,
  type SlotsState,
  type StartConditions,
  startConfirmed,
} from "../../update/slots/slots.ts";
import type { Guardian } from "../guardian/guardian.ts";
import { type GuardianToLoop, guardianProtocol, loopToGuardian } from "../process/messages.ts";
import type { LaunchNote } from "./launch-note.ts";
import { machineWith, type Platform } from "./machine.ts";
import { afterRequest, putOnTrial, type UpdateRequest } from "./request.ts";
import { Trial, trialLimit } from "./trial.ts";
import type { TrustedKeys } from "./trusted-keys.ts";

/** The versions of the guardian's messages that this launcher supports. */
export const knownProtocols: readonly number[] = [guardianProtocol];

export interface LauncherOptions {
  readonly store: SlotStore;
  /** The file with a person's request. */
  readonly request: { read(): UpdateRequest | undefined; remove(): Promise<void> };
  readonly keysFolder: string;
  readonly trustedKeys: () => TrustedKeys;
  /** The firmware of the installation. */
  readonly factory: { readonly root: string; readonly version: string };
  readonly platform: Platform;
  /** Version of the stored state; `undefined`: nothing is stored. */
  readonly storedVersion: () => number | "unreadable" | undefined;
  readonly replaceLoop: Guardian["replaceLoop"];
  readonly clock: Clock;
  readonly log: Log;
}

/** The program of one loop. */
export interface Program {
  readonly root: string;
  /** Value of the loop's environment variable: see launch-note.ts. */
  readonly launchNote: string;
  readonly isFactory: boolean;
  /** @param why a text for people */
  ended(everBeat: boolean, why: string): void;
  /** Handles a message of the loop. @param tell sends a message to the loop; never throws */
  handle(message: unknown, tell: (message: GuardianToLoop) => void): void;
}

/** Reading the largest image from a slow card takes two minutes. */
const decisionLimit: Millis = minutes(3);
const confirmAgainAfter = seconds(30);
/**
 * After so many starts of a confirmed slot in a row without a single step, the firmware of the installation
 * is started instead.
 */
const maxStuckStarts = 5;
const shortestTrial = seconds(1);

type Running = Pick<LaunchNote, "program" | "digest" | "trial">;

export class Launcher {
  readonly #options: LauncherOptions;
  #trial: Trial | undefined;
  /** The image on trial, when its first start was, and whether the sensor failed before that. */
  #trialSince: { readonly digest: string; readonly at: Millis; readonly sensorFailed: boolean } | undefined;
  /**
   * Whether the sensor failed under the loop that requested its replacement. False after a restart of this
   * process: then the trial requires a good reading.
   */
  #sensorFailed = false;
  /** To be recorded before the next start. */
  #failure: { readonly digest: string; readonly why: string } | undefined;
  #requested: { readonly slot: SlotName; readonly digest: string } | undefined;
  #lastEnd: string | undefined;
  #stuckStarts = 0;
  #loggedProblems = "";

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** Chooses the next loop's program; the relay is off. Never rejects. */
  async next(): Promise<Program> {
    const { clock, log } = this.#options;
    this.#trial?.stop();
    let cancel = (): void => {};
    const tooLong = new Promise<never>((_, reject) => {
      const why = `the slots could not be read in ${decisionLimit / 60_000} minutes`;
      cancel = clock.setTimer(decisionLimit, () => reject(new Error(why)));
    });
    try {
      return this.#program(this.#unlessStuck(await Promise.race([this.#decide(), tooLong])));
    } catch (error) {
      const why = messageOf(error);
      log.error("slots-unusable", { cause: why, now: "the firmware of the installation starts" });
      return this.#program({ state: noSlots, target: "factory", unusable: why });
    } finally {
      cancel();
    }
  }

  /** A loop requests that another one replaces it. Without a slot, the request comes from a person, by a file. */
  replace(
    requested: { readonly slot: SlotName; readonly digest: string } | undefined,
    { sensorFails }: { readonly sensorFails: boolean } = { sensorFails: false },
  ): void {
    this.#requested = requested;
    this.#sensorFailed = sensorFails;
    this.#options.replaceLoop("an update is started", "in-order");
  }

  async #decide(): Promise<NextStart> {
    const { store, log } = this.#options;
    const conditions = this.#conditions();
    let next: NextStart | undefined;
    try {
      await store.change(async (state) => {
        next = await nextStart(this.#updated(state), conditions);
        return next.state;
      });
    } catch (error) {
      log.error("slots-not-written", { cause: messageOf(error), now: "no update is tried" });
      // A trial whose starts cannot be counted could go on for ever.
      const confirmedStart = await startConfirmed({ ...store.read(), trial: null }, conditions);
      if (confirmedStart.target !== "factory") return confirmedStart;
      return { unusable: `the record of the slots cannot be used: ${messageOf(error)}`, ...confirmedStart };
    }
    if (next === undefined) throw new Error("no start was chosen");
    await this.#forgetRequests();
    return next;
  }

  /** The record, updated with what has happened since the last start. */
  #updated(before: SlotsState): SlotsState {
    let state = before;
    if (this.#failure !== undefined) state = reverted(state, this.#failure.why, this.#failure.digest);
    if (this.#requested !== undefined) state = putOnTrial(state, this.#requested);
    const request = this.#options.request.read();
    return request === undefined ? state : afterRequest(state, request);
  }

  /** Called once the record contains them. */
  async #forgetRequests(): Promise<void> {
    this.#failure = undefined;
    this.#requested = undefined;
    const { request, log } = this.#options;
    // If it cannot be removed and is read again, it has no second effect.
    await request.remove().catch((error) => log.warn("request-not-removed", { cause: messageOf(error) }));
  }

  #conditions(): StartConditions {
    const { store, trustedKeys, factory, log } = this.#options;
    const { keys, problems } = trustedKeys();
    const problemText = problems.join(" ");
    if (problemText !== this.#loggedProblems) log.error("keys-unusable", { cause: problemText });
    this.#loggedProblems = problemText;
    const machine = this.#machine();
    return {
      async problemOf(slot) {
        try {
          checkRuns(await store.verify(slot, keys), machine);
          return undefined;
        } catch (error) {
          return messageOf(error);
        }
      },
      isFactoryNewer: ({ version }) => compareVersions(factory.version, version) > 0,
      lastEnd: this.#lastEnd,
    };
  }

  #machine(): Machine {
    const { platform, storedVersion } = this.#options;
    return machineWith(platform, storedVersion(), knownProtocols);
  }

  #unlessStuck(next: NextStart): NextStart {
    if (next.target === "factory" || this.#stuckStarts < maxStuckStarts) return next;
    // An update on trial may fix the problem.
    if (next.state.trial?.slot === next.target) return next;
    const unusable = `slot ${next.target} took no step in ${maxStuckStarts} starts (${this.#lastEnd})`;
    const note = "the firmware of the installation starts instead";
    return { state: next.state, target: "factory", unusable, note };
  }

  #program({ state, target, note, unusable }: NextStart): Program {
    const { store, factory, keysFolder, log } = this.#options;
    const image = target === "factory" ? undefined : (state.slots[target] ?? undefined);
    const trial = target !== "factory" && state.trial?.slot === target;
    const running: Running = { program: target, ...(image && { digest: image.digest }), trial };
    const fallback = trial ? (state.active ?? "factory") : target;
    const readable = this.#readableBy(fallback);
    if (note !== undefined) log[unusable === undefined ? "info" : "error"]("update-note", { note, unusable });
    if (image !== undefined) {
      const { version, counter } = image;
      log.info("program", { slot: target, version, counter, trial });
    }
    const launchNote: LaunchNote = {
      protocol: guardianProtocol,
      slots: store.folder,
      keys: keysFolder,
      ...running,
      ...(image !== undefined && { release: image.version }),
      readable,
      ...(unusable !== undefined && { unusable }),
    };
    let onConfirmed = (): void => {};
    this.#trial =
      trial && image !== undefined ? this.#watch(image.digest, readable, () => onConfirmed()) : undefined;
    return {
      root: target === "factory" ? factory.root : store.programIn(target),
      launchNote: JSON.stringify(launchNote),
      isFactory: target === "factory",
      ended: (everBeat, why) => this.#ended(running, everBeat, why),
      handle: (message, tell) => {
        onConfirmed = () => tell({ kind: "update-confirmed" });
        this.#handle(message);
      },
    };
  }

  #ended({ program, trial }: Running, everBeat: boolean, why: string): void {
    this.#trial?.stop();
    this.#trial = undefined;
    this.#lastEnd = why;
    // Starts on trial are counted in the record.
    this.#stuckStarts =
      program === "factory" || trial || everBeat ? this.#kept(program) : this.#stuckStarts + 1;
  }

  /** Once the factory firmware has replaced a slot, that remains so until this guardian ends. */
  #kept(program: Running["program"]): number {
    return program === "factory" && this.#stuckStarts >= maxStuckStarts ? this.#stuckStarts : 0;
  }

  #handle(message: unknown): void {
    const received = read(loopToGuardian, message);
    if (received !== undefined) this.#trial?.handle(received);
  }

  #watch(digest: string, readable: LaunchNote["readable"], tellLoop: () => void): Trial {
    const { clock, replaceLoop, log } = this.#options;
    if (this.#trialSince?.digest !== digest)
      this.#trialSince = { digest, at: clock.now(), sensorFailed: this.#sensorFailed };
    this.#sensorFailed = false;
    const { at, sensorFailed } = this.#trialSince;
    const left = trialLimit - (clock.now() - at);
    return new Trial({
      clock,
      limit: millis(Math.max(shortestTrial, left)),
      protocols: knownProtocols,
      sensorFailed,
      unreadable: () => this.#unreadableIn(readable),
      onHealthy: (sensorRead) => {
        if (!sensorRead)
          log.warn("update-without-sensor", { digest, why: "the sensor failed before it as well" });
        this.#confirm(digest, tellLoop);
      },
      onFailed: (why) => {
        this.#failure = { digest, why };
        replaceLoop("the update on trial failed", "at-once");
        log.error("update-failed", { reason: why, relay: "off", now: "the previous firmware starts" });
      },
    });
  }

  #confirm(digest: string, tellLoop: () => void): void {
    const { store, clock, log } = this.#options;
    const trial = this.#trial;
    store
      .change((state) => confirmed(state, digest))
      .then(
        () => {
          log.info("update-confirmed", { digest });
          tellLoop();
        },
        (error) => {
          log.error("update-not-confirmed", { cause: messageOf(error), now: "it is tried again" });
          clock.setTimer(confirmAgainAfter, () => {
            if (this.#trial === trial) this.#confirm(digest, tellLoop);
          });
        },
      );
  }

  #readableBy(program: SlotName | "factory"): LaunchNote["readable"] {
    if (program === "factory") return stateVersions;
    try {
      return this.#options.store.manifestOf(program).state;
    } catch {
      // The slot's image is missing: then a failed trial falls back to the factory firmware.
      return stateVersions;
    }
  }

  #unreadableIn({ reads, writes }: LaunchNote["readable"]): string | undefined {
    const stored = this.#options.storedVersion();
    if (stored === "unreadable") return "the state that it stored cannot be read back";
    if (stored === undefined || (stored >= reads && stored <= writes)) return undefined;
    return `it stored state of version ${stored}, but the previous firmware reads ${reads} to ${writes}`;
  }
}
