/** `reset`: the running device forgets what belonged to another room, heater or relay. */
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { noNetwork } from "../../firmware/process/guard-network.ts";
import { withDevice } from "../line/device.ts";
import { warnUnlessStored } from "../line/stored.ts";
import { sharedFlags, type Verb } from "../line/verb.ts";

const done = {
  room: "What was learned of the room is forgotten; it is learned again.\n",
  relay: "The relay's cycles are counted from 0.\n",
} as const;

export const verb: Verb = {
  name: "reset",
  summary: "After a change of room, heater or relay: start learning or counting again",
  usage: "reset room|relay [FLAGS]",
  subverbs: ["room", "relay"],
  network: noNetwork,
  flags: { data: sharedFlags.data },
  notes: `
room    forgets what the device has learned of its room: after a move to another room or with another heater
relay   counts the relay's cycles from 0: after the relay was replaced. Ends the fault relay-worn

The device must run. Exit code 69 when none answers.`,
  async run(args) {
    const [word, ...more] = args.words;
    const what = word === "room" || word === "relay" ? word : undefined;
    if (what === undefined || more.length > 0)
      throw new StartupError(
        exitCodes.usage,
        "Name what to reset: room or relay.",
        "See: grove-heater reset --help",
      );
    return await withDevice(args, async (device) => {
      const stored = await device.request((id) => ({ kind: "reset", id, what }));
      process.stdout.write(done[what]);
      return warnUnlessStored(stored);
    });
  },
};
