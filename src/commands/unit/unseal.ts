/** `unseal`: unseals a unit for development. */

import type { Verb } from "../line/verb.ts";
import { change, sealFlags, sealNotes } from "./seal.ts";

export const verb: Verb = {
  name: "unseal",
  summary: "Unseal a unit for development",
  usage: "unseal [FLAGS]",
  flags: sealFlags,
  notes: sealNotes,
  run: async (args) => await change(args, "unsealed"),
};
