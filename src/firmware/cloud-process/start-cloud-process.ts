/**
 * Gives a running loop its cloud half: the process of its own, the way to the local hub where there is no account, and the
 * front of the device for that hub's page.
 *
 * Guarantee: the control loop runs already and goes on whatever happens here.
 */
import type { Log, LogLevel } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import type { BoardChoice } from "../choose-board.ts";
import { PanelShare } from "../front/share.ts";
import type { VirtualHardware } from "../hardware.ts";
import { bootOfThisMachine } from "../process/boot.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { guardianToLoop, type LoopToGuardian } from "../process/messages.ts";
import { environmentWithSecrets, HeldSecrets } from "../process/secret-handover.ts";
import { systemClock } from "../process/system-clock.ts";
import type { RunningLoop } from "../run-loop.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { CloudProcess } from "./cloud-process.ts";
import { spawnCloud } from "./spawn-cloud.ts";

export interface StartOptions {
  readonly running: RunningLoop;
  readonly data: DataFolder;
  readonly choice: BoardChoice;
  readonly log: Log;
  readonly logLevel: LogLevel;
  /** Its keys can be pressed from the local hub's page. */
  readonly virtual: VirtualHardware | undefined;
  /** Somebody asked for simulated readings in a real cloud. */
  readonly simulatedToCloud: boolean;
  /** There is a live panel. */
  readonly quiet: boolean;
}

/** @returns what ends it, within a few seconds */
export async function startCloudProcess(options: StartOptions): Promise<() => Promise<void>> {
  const { running, log, data, choice, logLevel, quiet } = options;
  const secrets = HeldSecrets.take(await environmentWithSecrets(process, process.env));
  // On the clock that both processes have, and that nobody sets: that of the machine's start.
  const { clockZeroMs } = bootOfThisMachine(systemClock);
  const flags = ["--data", data.path, "--board", choice.name, "--log-level", logLevel];
  flags.push("--up-since", String(Math.round(clockZeroMs)));
  if (options.simulatedToCloud) flags.push("--simulated-to-cloud");
  const cloud = new CloudProcess({
    device: running.device,
    clock: systemClock,
    log,
    spawn: (setAside) =>
      spawnCloud({ flags: setAside ? [...flags, "--set-outbox-aside"] : flags, secrets, quiet }),
    onNoCredentials: () => tellGuardian({ kind: "no-credentials" }),
    onRestart: () => running.stop("a restart was asked for", exitCodes.restart),
  });
  let panel: PanelShare | undefined;
  process.on("message", (message) => {
    panel?.take(message);
    const said = read(guardianToLoop, message);
    if (said?.kind !== "hub-ready") return;
    log.info("local-hub", { page: said.page });
    panel ??= sharePanel(options);
    cloud.greetWith(said);
  });
  cloud.start();
  return () => cloud.stop();
}

const sharePanel = ({ running: { device }, virtual }: StartOptions): PanelShare =>
  new PanelShare({
    device,
    virtual,
    clock: systemClock,
    send: tellGuardian,
  });

// With a callback a channel that is gone is an argument of it, not an exception.
const tellGuardian = (message: LoopToGuardian, done = () => {}): void =>
  void process.send?.(message, undefined, undefined, () => done());
