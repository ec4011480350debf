/** `relay off`: turns the relay off, even if settings or board are invalid; for users and for systemd. */
import { chooseBoard } from "../../firmware/choose-board.ts";
import { turnRelayOff } from "../../firmware/guardian/take-hardware.ts";
import { exitCodes } from "../../firmware/process/exit-codes.ts";
import { noNetwork } from "../../firmware/process/guard-network.ts";
import { createLogger } from "../../firmware/process/logger.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { readSettingsFile } from "../../firmware/storage/settings-file.ts";
import { readContext } from "../line/context.ts";
import { sharedFlags, type Verb } from "../line/verb.ts";

const { data, settings, board } = sharedFlags;

export const verb: Verb = {
  name: "relay",
  summary: "Force the relay off",
  usage: "relay off [FLAGS]",
  subverbs: ["off"],
  network: noNetwork,
  flags: { data, settings, board, force: { doc: "even while another grove-heater drives the relay" } },
  notes: `
Works after a crash of the firmware, and without the native packages. While the firmware runs, only it may drive its
relay: then this command changes nothing and ends with 75. Stop the firmware first, or use --force; but the firmware
turns the relay on again when it needs heat. On the character device the kernel gives a line that is held to nobody
else: then --force ends with 75 too, and names the process to stop. There is no "relay on": only the control loop may do that.
Exit code 0 if the line read back as off, 69 if it did not; 78 if board or settings are invalid. In this last case the
relay that was driven last is forced off, and the log says so.`,
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
