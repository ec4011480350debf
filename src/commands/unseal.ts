/** `unseal`: unseals a unit for development. */
import { change, sealFlags, sealNotes } from "./change-seal.ts";
import type { Verb } from "./line/verb.ts";

export const verb: Verb = {
  name: "unseal",
  summary: "Unseal a unit for development",
  usage: "unseal [FLAGS]",
  flags: sealFlags,
  notes: sealNotes,
  run: async (args) => await change(args, "unsealed"),
};
