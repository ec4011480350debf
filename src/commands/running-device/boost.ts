/** `boost`: heats the room further for a limited time. */
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { noNetwork } from "../../firmware/process/guard-network.ts";
import { commands } from "../../model/cloud-model.ts";
import { withDevice } from "../line/device.ts";
import { warnUnlessStored } from "../line/stored.ts";
import { sharedFlags, type Verb } from "../line/verb.ts";

const { schema, default: usual } = commands.boost.request;

export const verb: Verb = {
  name: "boost",
  summary: "Heat above the set-point for a limited time, or end that",
  usage: "boost [MINUTES | off] [FLAGS]",
  subverbs: "any",
  wordHints: ["off"],
  network: noNetwork,
  flags: { data: sharedFlags.data },
  notes: `
${commands.boost.doc} Without a number: ${usual} min; at most ${schema.max}. "boost off" ends it, as does a press of A or B.`,
  async run(args) {
    const [word] = args.words;
    const minutes = word === "off" ? 0 : word === undefined ? usual : Number(word);
    if (!Number.isInteger(minutes) || minutes < schema.min || minutes > schema.max || word === "") {
      throw new StartupError(
        exitCodes.usage,
        `invalid number of minutes: ${word}.`,
        `Use a whole number from 1 to ${schema.max}, or off.`,
      );
    }
    return await withDevice(args, async (device) => {
      const stored = await device.request((id) => ({ kind: "boost", id, minutes }));
      process.stdout.write(minutes === 0 ? "Boost ended.\n" : `Boost for ${minutes} min.\n`);
      return warnUnlessStored(stored);
    });
  },
};
