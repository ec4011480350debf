/** `relay off`: turns the relay off, whatever else is broken; for a person and for systemd. */
import { chooseBoard } from "../firmware/choose-board.ts";
import { turnRelayOff } from "../firmware/guardian/take-hardware.ts";
import { exitCodes } from "../firmware/process/exit-codes.ts";
import { noNetwork } from "../firmware/process/guard-network.ts";
import { createLogger } from "../firmware/process/logger.ts";
import { systemClock } from "../firmware/process/system-clock.ts";
import { readSettingsFile } from "../firmware/storage/settings-file.ts";
import { readContext } from "./line/context.ts";
import { sharedFlags, type Verb } from "./line/verb.ts";

const { data, settings, board } = sharedFlags;

export const verb: Verb = {
  name: "relay",
  summary: "Force the relay off",
  usage: "relay off [FLAGS]",
  subverbs: ["off"],
  network: noNetwork,
  flags: { data, settings, board, force: { doc: "also while another grove-heater drives it" } },
  notes: `
Works after the firmware died, and without the native packages. A running firmware drives its relay alone: then this
ends with 75 and touches nothing. Stop it first, or use --force; but when it wants heat, it turns the relay on again.
There is no "relay on": nothing but the control loop may do that.
Exit code 0 when the line was read back off, 69 when it was not; 78 when board or settings are broken, and then the
relay that was driven last is forced off, as the log says.`,
  async run(args) {
    const context = readContext(args);
    const write = (line: string): void => void process.stdout.write(`${line}\n`);
    const log = createLogger({ clock: systemClock, level: "info", format: "text", write });
    const off = turnRelayOff({
      dataPath: context.data.path,
      log,
      force: args.has("force"),
      choose() {
        const { board: fromSettings, gpioBackend } = readSettingsFile(context.settingsFile).settings;
        return chooseBoard(args.value("board") ?? fromSettings, context.data.path, { gpioBackend });
      },
    });
    return off ? exitCodes.ok : exitCodes.unavailable;
  },
};
