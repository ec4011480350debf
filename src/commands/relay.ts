/** `relay off`: turns the relay off with files alone, whatever else is broken; for a person and for systemd. */
import { chooseBoard } from "../firmware/choose-board.ts";
import { exitCodes } from "../firmware/exit-codes.ts";
import { createLogger } from "../firmware/logger.ts";
import { forceOffAfterFailure, guardRelay } from "../firmware/relay-guard.ts";
import { readSettingsFile } from "../firmware/settings-file.ts";
import { systemClock } from "../firmware/system-clock.ts";
import { readContext } from "./context.ts";
import { sharedFlags, type Verb } from "./verb.ts";

const { data, settings, board } = sharedFlags;

export const verb: Verb = {
  name: "relay",
  summary: "Force the relay off",
  usage: "relay off [FLAGS]",
  subverbs: ["off"],
  flags: { data, settings, board },
  notes: `
Works while the firmware runs, after it died, and without the native packages. A running firmware that wants heat
turns the relay on again: stop it first. There is no "relay on": nothing but the control loop may do that.
Exit code 0 when the line was read back off, 69 when it was not; 78 when board or settings are broken, and then the
relay that was driven last is forced off, as the log says.`,
  async run(args) {
    const context = readContext(args);
    const write = (line: string): void => void process.stdout.write(`${line}\n`);
    const log = createLogger({ clock: systemClock, level: "info", format: "text", write });
    try {
      const name = args.value("board") ?? readSettingsFile(context.settingsFile).settings.board;
      const choice = chooseBoard(name, context.data.path);
      return guardRelay(choice, context.data.path, log)("a person asked").off
        ? exitCodes.ok
        : exitCodes.unavailable;
    } catch (error) {
      forceOffAfterFailure(error, context.data.path, log);
      throw error;
    }
  },
};
