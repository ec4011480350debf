/** `seal`: seals a unit for the field, or shows its state. */
import { change, sealFlags, sealNotes, status } from "./change-seal.ts";
import { sharedFlags, type Verb } from "./line/verb.ts";

export const verb: Verb = {
  name: "seal",
  summary: "Seal a unit for the field, or show whether it is sealed",
  usage: "seal [status] [FLAGS]",
  subverbs: ["status"],
  flags: { ...sealFlags, json: sharedFlags.json },
  notes: sealNotes,
  run: async (args) => (args.words[0] === "status" ? status(args) : await change(args, "sealed")),
};
