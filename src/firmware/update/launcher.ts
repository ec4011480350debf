/**
 * Folder update/: installed updates: which program a start takes, how one on trial is judged, when a swap may be.
 *
 * The launcher: the guardian of the installation, which no update replaces, chooses by it whose loop to start. Loaded only
 * where the data folder has slots.
 *
 * Guarantees: a slot is verified, every byte of it, before each start, and a start on trial is counted on the disk before
 * it happens; where it cannot be counted, it does not happen. Whatever goes wrong here, or takes too long, the firmware of
 * the installation starts, and the loop is told why: heat is never lost to a bad update, and nobody takes it for a good one.
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

/** What this guardian speaks with loops. */
export const knownProtocols: readonly number[] = [guardianProtocol];

export interface LauncherOptions {
  readonly store: SlotStore;
  /** What a person asks for, in its file. */
  readonly request: { read(): UpdateRequest | undefined; remove(): Promise<void> };
  readonly keysFolder: string;
  readonly trustedKeys: () => TrustedKeys;
  /** The program of the installation. */
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
  /** For the loop's environment. */
  readonly launchNote: string;
  readonly isFactory: boolean;
  /** @param why as a person reads it */
  ended(everBeat: boolean, why: string): void;
  /** Takes what the loop says. @param tell says something to it; never throws */
  hear(message: unknown, tell: (message: GuardianToLoop) => void): void;
}

/** A slow card reads the largest image in two minutes. */
const decisionLimit: Millis = minutes(3);
const confirmAgainAfter = seconds(30);
/** Starts of a confirmed slot in a row without a single step, after which the firmware of the installation takes over. */
const maxDeadStarts = 5;
const shortestTrial = seconds(1);

type Running = Pick<LaunchNote, "program" | "digest" | "trial">;

export class Launcher {
  readonly #options: LauncherOptions;
  #trial: Trial | undefined;
  /** The image on trial, when its first start was, and whether the sensor failed before that. */
  #trialSince: { readonly digest: string; readonly at: Millis; readonly sensorFailed: boolean } | undefined;
  /** Of the loop that asked for its replacement; unknown after a restart of this process: then all must be proved. */
  #sensorFailed = false;
  /** To be recorded before the next start. */
  #failure: { readonly digest: string; readonly why: string } | undefined;
  #asked: { readonly slot: SlotName; readonly digest: string } | undefined;
  #lastEnd: string | undefined;
  #deadStarts = 0;
  #toldProblems = "";

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
      return this.#program(this.#unlessDead(await Promise.race([this.#decide(), tooLong])));
    } catch (error) {
      const why = messageOf(error);
      log.error("slots-unusable", { cause: why, now: "the firmware of the installation starts" });
      return this.#program({ state: noSlots, target: "factory", unusable: why });
    } finally {
      cancel();
    }
  }

  /** A loop asks for its end, so that another one starts. Without a slot a person has asked, by a file. */
  replace(
    asked: { readonly slot: SlotName; readonly digest: string } | undefined,
    { sensorFails }: { readonly sensorFails: boolean } = { sensorFails: false },
  ): void {
    this.#asked = asked;
    this.#sensorFailed = sensorFails;
    this.#options.replaceLoop("an update is started", "in-order");
  }

  async #decide(): Promise<NextStart> {
    const { store, log } = this.#options;
    const conditions = this.#conditions();
    let next: NextStart | undefined;
    try {
      await store.change(async (state) => {
        next = await nextStart(this.#brought(state), conditions);
        return next.state;
      });
    } catch (error) {
      log.error("slots-not-written", { cause: messageOf(error), now: "no update is tried" });
      // A trial whose starts cannot be counted could go on for ever.
      const confirmedOne = await startConfirmed({ ...store.read(), trial: null }, conditions);
      if (confirmedOne.target !== "factory") return confirmedOne;
      return { unusable: `the record of the slots cannot be used: ${messageOf(error)}`, ...confirmedOne };
    }
    if (next === undefined) throw new Error("no start was chosen");
    await this.#forget();
    return next;
  }

  /** The record with what happened since the last start. */
  #brought(before: SlotsState): SlotsState {
    let state = before;
    if (this.#failure !== undefined) state = reverted(state, this.#failure.why, this.#failure.digest);
    if (this.#asked !== undefined) state = putOnTrial(state, this.#asked);
    const request = this.#options.request.read();
    return request === undefined ? state : afterRequest(state, request);
  }

  /** It is in the record now. */
  async #forget(): Promise<void> {
    this.#failure = undefined;
    this.#asked = undefined;
    const { request, log } = this.#options;
    // Heard twice is done once.
    await request.remove().catch((error) => log.warn("request-not-removed", { cause: messageOf(error) }));
  }

  #conditions(): StartConditions {
    const { store, trustedKeys, factory, log } = this.#options;
    const { keys, problems } = trustedKeys();
    const problemText = problems.join(" ");
    if (problemText !== this.#toldProblems) log.error("keys-unusable", { cause: problemText });
    this.#toldProblems = problemText;
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

  #unlessDead(next: NextStart): NextStart {
    if (next.target === "factory" || this.#deadStarts < maxDeadStarts) return next;
    // An update may be what helps.
    if (next.state.trial?.slot === next.target) return next;
    const unusable = `slot ${next.target} took no step in ${maxDeadStarts} starts (${this.#lastEnd})`;
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
      hear: (message, tell) => {
        onConfirmed = () => tell({ kind: "update-confirmed" });
        this.#hear(message);
      },
    };
  }

  #ended({ program, trial }: Running, everBeat: boolean, why: string): void {
    this.#trial?.stop();
    this.#trial = undefined;
    this.#lastEnd = why;
    // Starts on trial are counted in the record.
    this.#deadStarts =
      program === "factory" || trial || everBeat ? this.#kept(program) : this.#deadStarts + 1;
  }

  /** Once the factory firmware stands in, it does so for as long as this guardian lives. */
  #kept(program: Running["program"]): number {
    return program === "factory" && this.#deadStarts >= maxDeadStarts ? this.#deadStarts : 0;
  }

  #hear(message: unknown): void {
    const received = read(loopToGuardian, message);
    if (received !== undefined) this.#trial?.hear(received);
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
        log.error("update-failed", { reason: why, relay: "off", now: "what ran before it starts" });
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
      // It is not there any more: then the factory firmware is what a trial goes back to.
      return stateVersions;
    }
  }

  #unreadableIn({ reads, writes }: LaunchNote["readable"]): string | undefined {
    const stored = this.#options.storedVersion();
    if (stored === "unreadable") return "the state that it stored cannot be read back";
    if (stored === undefined || (stored >= reads && stored <= writes)) return undefined;
    return `it stored state of version ${stored}, and the firmware before it reads ${reads} to ${writes}`;
  }
}
