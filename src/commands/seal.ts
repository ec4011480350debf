/** `seal`: closes a unit for the field, or says how it is. */
import { change, sealFlags, sealNotes, status } from "./change-seal.ts";
import { sharedFlags, type Verb } from "./line/verb.ts";

export const verb: Verb = {
  name: "seal",
  summary: "Close a unit for the field, or show whether it is",
  usage: "seal [status] [FLAGS]",
  subverbs: ["status"],
  flags: { ...sealFlags, json: sharedFlags.json },
  notes: sealNotes,
  run: async (args) => (args.words[0] === "status" ? status(args) : await change(args, "sealed")),
};
