/**
 * The first act of every run: the hardware's lock, the relay forced off, and only then what can fail.
 *
 * Guarantees: the relay that was driven last is off before settings, board or manifest are read; if all of
 * those are broken, the relay of this computer's default board is off. A process that does not get a line's
 * lock touches no line and ends with 75 (SR-12), on every path: wrong settings, a wrong board, a mistyped
 * flag, `relay off`.
 */
import type { Log } from "../../base/log.ts";
import type { GpioDevices } from "../../board/kernel/chardev/devices.ts";
import type { BackendSetting, GpioSource } from "../../board/kernel/gpio-backend.ts";
import { type BoardChoice, BoardFailure, defaultRelay, gpioSource, virtualGpio } from "../choose-board.ts";
import { explainHardware } from "../hardware-errors.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import type { ForcedOff, ForceOff, RelayTarget } from "../relay-guard.ts";
import { type DataFolder, makeFolder, openDataFolder } from "../storage/data-folder.ts";
import { Hardware, heldBy, type Secured } from "./hardware.ts";
import type { Refusal } from "./hardware-lock.ts";
import { recallRelay, rememberRelay } from "./relay-memory.ts";

export interface TakeOptions {
  readonly dataPath: string;
  readonly log: Log;
  /** Reads settings and board. @throws StartupError */
  readonly choose: () => BoardChoice;
  /** For tests: where the kernel's GPIO files and devices, and the lock files, are. */
  readonly sysRoot?: string;
  readonly gpioDevices?: GpioDevices;
  readonly lockFolder?: string;
}

/** What the guardian guards, held until it is released. */
export interface TakenHardware {
  readonly choice: BoardChoice;
  readonly folder: DataFolder;
  /** To be inherited by every process that may touch the hardware, so that the locks live as long as one of them. */
  readonly descriptors: readonly number[];
  readonly forceRelayOff: ForceOff;
  release(): void;
}

/** @throws StartupError: nothing is held then, and what could be forced off is off */
export function takeHardware(options: TakeOptions): TakenHardware {
  const { dataPath, log } = options;
  const known = new KnownRelays(options);
  const hardware = new Hardware(options);
  let choice: BoardChoice | undefined;
  try {
    const last = known.lastDriven();
    if (last !== undefined) hardware.secure(last, "start");
    choice = options.choose();
    const target = targetOf(choice);
    // The virtual hat's line is in the data folder: so that comes first.
    const early = choice.wiring.backend === "virtual" ? openDataFolder(dataPath) : undefined;
    if (last !== undefined && last.gpio.backend !== target.gpio.backend) hardware.changeBackend(last);
    const secured = hardware.secure(target, "start");
    if (secured.kind === "refused") throw heldElsewhere(secured, dataPath, choice);
    if (last !== undefined && !isSameLine(last, target)) hardware.releaseRelay(last);
    if (early !== undefined) turnOffRealLine(hardware, known);
    const folder = early ?? openDataFolder(dataPath);
    const locked = hardware.takeFolder();
    if (locked.kind === "refused") throw folderInUse(locked, dataPath);
    if (choice.missing !== undefined) throw hatMissing(choice.missing);
    if (secured.kind === "absent") explainHardware(secured.error);
    rememberRelay({ wiring: choice.wiring, gpioBackend: choice.gpio.backend }, dataPath, log);
    return {
      choice,
      folder,
      descriptors: hardware.descriptors,
      forceRelayOff: afterFirst(secured.forced, (why) =>
        hardware.forceOff(target, why, why === "start" ? withoutInfo(log) : log),
      ),
      release: () => hardware.release(),
    };
  } catch (error) {
    const refusal = turnOffAfterFailure(hardware, known, error, choice);
    hardware.release();
    if (refusal === undefined || (error instanceof StartupError && error.exitCode === exitCodes.running))
      throw error;
    throw heldElsewhere(refusal, dataPath, choice, error);
  }
}

/**
 * For an invalid command line: turns off a relay that a crash left on.
 * @param refused why the command line is invalid
 * @throws StartupError (running) when another process holds the relay that the command would have used
 */
export function turnOffAfterRefusal(options: Omit<TakeOptions, "choose">, refused: unknown): void {
  const hardware = new Hardware(options);
  try {
    const refusal = turnOffAfterFailure(hardware, new KnownRelays(options), undefined, undefined);
    if (refusal !== undefined) throw heldElsewhere(refusal, options.dataPath, undefined, refused);
  } finally {
    hardware.release();
  }
}

/**
 * `relay off`: for a person and for systemd.
 * @param force also when another process holds the relay
 * @returns whether every relay concerned is known to be off
 * @throws StartupError (running) when it is held and not to be forced, or cannot be; the error of `choose`,
 * after the relay is off
 */
export function turnRelayOff(options: TakeOptions & { readonly force: boolean }): boolean {
  const { dataPath, log, force } = options;
  const known = new KnownRelays(options);
  const hardware = new Hardware(options);
  let choice: BoardChoice | undefined;
  try {
    choice = options.choose();
    const target = targetOf(choice);
    if (choice.wiring.backend === "virtual") makeFolder(dataPath);
    if (force && hardware.forceOff(target, "a person asked", log).off) return true;
    // Also with force: on the character device the kernel gives a held line to nobody else, so the holder must be named.
    const secured = hardware.secure(target, "a person asked");
    if (secured.kind === "refused") throw heldElsewhere(secured, dataPath, choice);
    return secured.kind === "held" && secured.forced.off;
  } catch (error) {
    if (choice !== undefined) throw error;
    if (force)
      for (const target of known.candidates(error, undefined))
        hardware.forceOff(target, "a person asked", log);
    const refusal = force ? undefined : turnOffAfterFailure(hardware, known, error, undefined);
    if (refusal !== undefined) throw heldElsewhere(refusal, dataPath, undefined, error);
    throw error;
  } finally {
    hardware.release();
  }
}

/**
 * A relay that was on when its lock was taken: the guardian's first call reports it as having been on
 * (SR-08).
 */
function afterFirst(first: ForcedOff, force: ForceOff): ForceOff {
  let { wasOn } = first;
  return (why) => {
    const forced = force(why);
    const found = { ...forced, wasOn: forced.wasOn || wasOn };
    wasOn = false;
    return found;
  };
}

/** The guardian forces the relay off once more at its start: only a failure of that is worth a log line. */
const withoutInfo = (log: Log): Log => ({ ...log, info() {} });

/** The relays that may have to be turned off: the one driven last, the chosen one, that of this computer. */
class KnownRelays {
  readonly #dataPath: string;
  readonly #sysRoot: string | undefined;
  readonly #gpioDevices: GpioDevices | undefined;

  constructor({ dataPath, sysRoot, gpioDevices }: Omit<TakeOptions, "choose">) {
    this.#dataPath = dataPath;
    this.#sysRoot = sysRoot;
    this.#gpioDevices = gpioDevices;
  }

  lastDriven(): RelayTarget | undefined {
    const last = recallRelay(this.#dataPath);
    return last && this.#at(last.wiring, last.gpioBackend);
  }

  /** The relay of this computer's default board; `undefined` if it has no GPIO for one. */
  ofThisComputer(): RelayTarget | undefined {
    const relay = defaultRelay(this.#source("auto"));
    return relay && this.#at(relay);
  }

  /** What to turn off after a failure, the most certain first. */
  candidates(error: unknown, choice: BoardChoice | undefined): RelayTarget[] {
    const named = error instanceof BoardFailure && error.relay ? this.#at(error.relay) : undefined;
    const known = [choice && targetOf(choice), named, this.lastDriven()].filter(
      (found) => found !== undefined,
    );
    const real = known.some(({ relay }) => relay.backend === "kernel") ? undefined : this.ofThisComputer();
    return real === undefined ? known : [...known, real];
  }

  /** With today's paths and not the remembered ones: the data folder may be a copy of one that is in use. */
  #at(relay: RelayTarget["relay"], backend: BackendSetting = "auto"): RelayTarget {
    const virtual = relay.backend === "virtual";
    return { relay, gpio: virtual ? virtualGpio(this.#dataPath) : this.#source(backend) };
  }

  #source(backend: BackendSetting): GpioSource {
    return gpioSource(this.#sysRoot, backend, this.#gpioDevices);
  }
}

const targetOf = ({ wiring, gpio }: BoardChoice): RelayTarget => {
  const { relay, gpioChipLabels, backend } = wiring;
  return { relay: { relay, gpioChipLabels, backend }, gpio };
};

const isSameLine = (a: RelayTarget, b: RelayTarget): boolean =>
  a.gpio.sysRoot === b.gpio.sysRoot && a.relay.relay.line === b.relay.relay.line;

/** While the virtual hat runs, the real relay is off (SR-14), unless another instance drives it. */
function turnOffRealLine(hardware: Hardware, known: KnownRelays): void {
  const real = known.ofThisComputer();
  if (real !== undefined && hardware.secure(real, "the virtual hat runs").kind === "held")
    hardware.releaseRelay(real);
}

/** @returns the refusal of the most certain relay, if another process holds it */
function turnOffAfterFailure(
  hardware: Hardware,
  known: KnownRelays,
  error: unknown,
  choice: BoardChoice | undefined,
): Refusal | undefined {
  const secured: Secured[] = known
    .candidates(error, choice)
    .map((target) => hardware.secure(target, "the start failed"));
  const [first] = secured;
  return first?.kind === "refused" ? first : undefined;
}

function heldElsewhere(
  { holder }: Refusal,
  dataPath: string,
  choice: BoardChoice | undefined,
  besides?: unknown,
): StartupError {
  const virtual = choice?.wiring.backend === "virtual" || holder?.dataFolder === dataPath;
  const what = virtual ? `uses ${dataPath}` : "drives the relay of this computer";
  const more = besides instanceof Error ? `\nBesides: ${besides.message}` : "";
  return new StartupError(
    exitCodes.running,
    `${heldBy(holder)} ${what}.${more}`,
    virtual
      ? stopOrOther
      : "Use it: grove-heater status, set, boost, logs -f. Or stop it first (a service: sudo systemctl stop grove-heater).",
  );
}

const stopOrOther =
  "Use it: grove-heater status, set, boost, logs -f. Or stop it first, or give this one its own folder: --data FOLDER.";

const folderInUse = ({ holder }: Refusal, path: string): StartupError =>
  new StartupError(exitCodes.running, `${heldBy(holder)} uses ${path}.`, stopOrOther);

const hatMissing = ({ cause, remedy }: NonNullable<BoardChoice["missing"]>): StartupError =>
  new StartupError(
    exitCodes.unavailable,
    `This is a Raspberry Pi, and its hat cannot be used: ${cause}.`,
    `${remedy} More: grove-heater doctor. To run a simulation here, name it: --board virtual`,
  );
