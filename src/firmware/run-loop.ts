/**
 * The control loop's process: composes a running device from settings, board, manifest and hat, and ends it.
 *
 * Guarantee (SR-01): on every way out that this process can still take (signal, exception, rejection, the
 * guardian gone), the relay is commanded off first, synchronously. For the ways it cannot, there is the guardian.
 */

import { stackOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { type Millis, seconds } from "../base/units.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Settings } from "../model/settings.ts";
import type { DisplayKind } from "../simulation/virtual-hat/virtual-hat.ts";
import type { BoardChoice } from "./choose-board.ts";
import { composeDevice } from "./compose-device.ts";
import type { Device, Observation } from "./device.ts";
import { systemMachine } from "./doctor/machine.ts";
import type { ReportedPart } from "./failing-parts.ts";
import { type Hardware, loadManifest } from "./hardware.ts";
import { localTimeOf } from "./local-time/local-time.ts";
import { type ExitCode, exitCodes } from "./process/exit-codes.ts";
import { guardNetwork } from "./process/guard-network.ts";
import { type GuardianChannel, GuardianWatch } from "./process/silence-watch.ts";
import { systemClock } from "./process/system-clock.ts";
import type { DataFolder } from "./storage/data-folder.ts";
import { durableSystemFiles } from "./storage/durable-files.ts";
import { gatedFiles } from "./storage/gated-files.ts";

export interface LoopOptions {
  readonly data: DataFolder;
  readonly settings: Settings;
  readonly choice: BoardChoice;
  readonly log: Log;
  /** Parts whose files are invalid, so that their last good copies are used. */
  readonly failing?: readonly ReportedPart[];
  /** The virtual hat's display, unless the settings name one. */
  readonly virtualDisplay?: DisplayKind | undefined;
  /** Called with the hardware before the device starts: the terminal shows the virtual hat. */
  readonly onHardware?: (hardware: Hardware) => void;
  /** Descriptor of the relay's line, where the guardian holds it. */
  readonly relayLine?: number | undefined;
  /** How long the relay had been off at the start of this process, after the guardian saw it on. */
  readonly relayOffFor?: Millis | undefined;
  /** Called after each step, as a heartbeat for the guardian, with the command for the relay. */
  readonly beat: (heaterOn: boolean) => void;
  /**
   * Called last on every way out: restores the terminal and writes the rest of the log. Settles soon, never
   * rejects.
   */
  readonly cleanUp: (end: LoopEnd) => Promise<void>;
  /** Ends this process after a crash. */
  readonly end: (code: ExitCode) => void;
  /** The channel to a guardian that answers each heartbeat; absent: no guardian is watched. */
  readonly guardian?: GuardianChannel | undefined;
}

/** How a loop ended: with the relay read back off, without that, or by a crash. */
export type LoopEnd = "relay-off" | "relay-unconfirmed" | "crashed";

export interface RunningLoop {
  readonly device: Device;
  readonly manifest: Manifest;
  /** Resolves at the first decision that is based on a reading; never, if the sensor is missing or broken. */
  readonly decided: Promise<void>;
  /** Ends the loop on request; default exit code: 0. */
  stop(why: string, code?: ExitCode): void;
  readonly ended: Promise<ExitCode>;
}

/** For the tests of SR-01: whether SIGUSR2 shall crash this process. */
export const asksToCrash = (): boolean => process.env["GROVE_HEATER_CRASH_ON_SIGUSR2"] === "1";

export async function runLoop(options: LoopOptions): Promise<RunningLoop> {
  const { data, settings, choice, log } = options;
  const clock = systemClock;
  const { wiring } = choice;
  log.info("board", { board: wiring.board, backend: wiring.backend, why: choice.why });
  // First: with an invalid manifest nothing may be opened.
  const manifest = loadManifest(choice);
  guardNetwork(manifest);
  let device: Device | undefined;
  let relayOff = (): void => {};
  const crash = (kind: string) => (error: unknown) => {
    relayOff();
    // No step may follow: the state after an exception is unknown.
    device?.abandon();
    const detail = stackOf(error);
    log.error("crash", { kind, detail, relay: "off" });
    void options.cleanUp("crashed").then(() => options.end(exitCodes.internal));
  };
  let onDecided = (): void => {};
  const decided = new Promise<void>((resolve) => {
    onDecided = resolve;
  });
  device = await composeDevice({
    choice,
    manifest,
    settings,
    clock,
    log,
    stateFile: data.stateFile,
    localTime: localTimeOf(settings.timeZone, systemMachine()),
    files: gatedFiles(durableSystemFiles, data.path, manifest),
    failing: options.failing ?? [],
    relayOffFor: options.relayOffFor,
    inherited:
      options.relayLine === undefined
        ? undefined
        : { line: wiring.relay.line, descriptor: options.relayLine },
    virtualDisplay: options.virtualDisplay,
    onHardware: options.onHardware,
    onHat(hat) {
      relayOff = () => hat.setHeater(false);
      process.on("exit", relayOff);
      process.on("uncaughtException", crash("exception"));
      process.on("unhandledRejection", crash("rejection"));
      if (asksToCrash()) {
        process.on("SIGUSR2", () => {
          throw new Error("asked to crash by SIGUSR2");
        });
      }
    },
    onStep: firstDecision(log, options.beat, onDecided),
  });
  const running = endable(device, options, () => process.off("exit", relayOff));
  return { device, manifest, decided, ...running };
}

function endable(
  device: Device,
  { log, cleanUp, guardian }: LoopOptions,
  closed: () => void,
): Pick<RunningLoop, "stop" | "ended"> {
  let stop: RunningLoop["stop"] = () => {};
  const ended = new Promise<ExitCode>((resolve) => {
    let ending = false;
    stop = (why, code = exitCodes.ok) => {
      if (ending) return;
      ending = true;
      // The relay is off when this returns; the rest follows.
      const stopped = device.stop();
      log.info("stopping", { why });
      void stopped
        .then(
          () => {
            log.info("stopped", { relay: "off" });
            return "relay-off" as const;
          },
          // The guardian forces it off on its own path next, and reports what it finds.
          (error: Error) => {
            log.error("stopped", { relay: "not read back off", cause: error.message });
            return "relay-unconfirmed" as const;
          },
        )
        .then((end) => {
          closed();
          return cleanUp(end);
        })
        .then(() => resolve(code));
    };
  });
  if (guardian !== undefined) watchGuardian(guardian, log, stop, ended);
  const guardianGone = (): void => stop("the guardian is gone");
  process.on("disconnect", guardianGone);
  // It may have ended before there was a listener.
  if (process.send !== undefined && !process.connected) guardianGone();
  return { stop: (why, code) => stop(why, code), ended };
}

/** How long a loop that ends may take to store its state, before its guardian is ended. */
const endLimit = seconds(5);

/** SR-10: turns the relay off and exits if the guardian does not answer. */
function watchGuardian(
  channel: GuardianChannel,
  log: Log,
  stop: RunningLoop["stop"],
  ended: Promise<ExitCode>,
): void {
  const watch = new GuardianWatch({
    clock: systemClock,
    channel,
    onSilent(limit) {
      stop("the guardian does not answer", exitCodes.restart);
      log.error("guardian-silent", {
        forSeconds: limit / 1000,
        relay: "off",
        now: "everything is restarted",
      });
      void Promise.race([ended, systemClock.sleep(endLimit)]).then(() => watch.endGuardian());
    },
  });
  void ended.then(() => watch.stop());
}

/** Logs and reports the first decision that is based on a reading, and sends each heartbeat. */
function firstDecision(
  log: Log,
  beat: (heaterOn: boolean) => void,
  onDecided: () => void,
): (observation: Observation) => void {
  let decided = false;
  return ({ input, commands }) => {
    beat(commands.heater);
    if (decided || input.reading?.kind !== "ok") return;
    decided = true;
    const sinceStartMs = Math.round(systemClock.now());
    log.info("first-decision", {
      temperature: Math.round(input.reading.temperature * 100) / 100,
      heat: commands.heater,
      sinceStartMs,
    });
    onDecided();
  };
}
