/**
 * The guardian's way to the launcher, which it loads when there is something to choose.
 *
 * Guarantees: a start without slots costs one look at the disk. A launcher that cannot be loaded is logged, and the firmware
 * of the installation starts.
 */
import type { ChildProcess } from "node:child_process";
import { messageOf } from "../../base/errors.ts";
import { read } from "../../base/schema/schema.ts";
import { type GuardianToLoop, loopToGuardian } from "../process/messages.ts";
import type { Launcher, Program } from "./launcher.ts";
import type { OpenLauncherOptions } from "./open-launcher.ts";
import { hasSlots } from "./places.ts";

export class Updates {
  readonly #options: OpenLauncherOptions;
  #launcher: Promise<Launcher | undefined> | undefined;

  constructor(options: OpenLauncherOptions) {
    this.#options = options;
  }

  /** The next loop's program; `undefined`, at once, where nothing was ever installed. Never rejects. */
  next(): Promise<Program | undefined> | undefined {
    if (this.#launcher === undefined && !hasSlots(this.#options.dataPath)) return undefined;
    return this.#load().then((launcher) => launcher?.next());
  }

  listenTo(child: ChildProcess, program: Program | undefined): void {
    const tell = (message: GuardianToLoop): void => {
      // With a callback a loop that is gone is an argument of it, not an exception.
      if (child.connected) child.send(message, () => {});
    };
    child.on("message", (message) => {
      program?.hear(message, tell);
      const received = read(loopToGuardian, message);
      if (received?.kind !== "replace-loop") return;
      const { slot, digest, sensorFails = false } = received;
      const asked = slot === undefined || digest === undefined ? undefined : { slot, digest };
      void this.#load().then((launcher) => launcher?.replace(asked, { sensorFails }));
    });
  }

  #load(): Promise<Launcher | undefined> {
    this.#launcher ??= import("./open-launcher.ts").then(
      ({ openLauncher }) => openLauncher(this.#options),
      (error) => {
        this.#options.log.error("launcher-not-loaded", {
          cause: messageOf(error),
          now: "the firmware of the installation starts",
        });
        return undefined;
      },
    );
    return this.#launcher;
  }
}
