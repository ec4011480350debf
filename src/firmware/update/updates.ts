/**
 * The guardian's access to the launcher, which is loaded only when there are slots.
 *
 * Guarantees: a start without slots only checks whether a folder exists. If the launcher cannot be loaded,
 * that is logged, and the firmware of the installation starts.
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

  /** The next loop's program; `undefined`, at once, if no update was ever installed. Never rejects. */
  next(): Promise<Program | undefined> | undefined {
    if (this.#launcher === undefined && !hasSlots(this.#options.dataPath)) return undefined;
    return this.#load().then((launcher) => launcher?.next());
  }

  listenTo(child: ChildProcess, program: Program | undefined): void {
    const tell = (message: GuardianToLoop): void => {
      // With a callback, the error of a loop that has ended is passed to it and not thrown.
      if (child.connected) child.send(message, () => {});
    };
    child.on("message", (message) => {
      program?.handle(message, tell);
      const received = read(loopToGuardian, message);
      if (received?.kind !== "replace-loop") return;
      const { slot, digest, sensorFails = false } = received;
      const requested = slot === undefined || digest === undefined ? undefined : { slot, digest };
      void this.#load().then((launcher) => launcher?.replace(requested, { sensorFails }));
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
