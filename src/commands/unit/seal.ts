/** `seal`: seals a unit for the field, or shows its state. `unseal` uses the same parts. */

import { exitCodes } from "../../firmware/process/exit-codes.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { changeSeal } from "../../firmware/seal/change.ts";
import { readSeal, type SealChange } from "../../firmware/seal/seal.ts";
import { readContext } from "../line/context.ts";
import { print } from "../line/print.ts";
import { otherDataFolder } from "../line/service-data.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";

export const sealFlags = { data: sharedFlags.data } satisfies Verb["flags"];

export const sealNotes = `
sealed, for the field: the page shows and changes nothing unless its password is set and given; no signal opens a
debugger; images from this machine's disk are not installed; updates come from the signed feed only.
unsealed, for development: on this machine the page can be used without a password; SIGUSR1 opens a debugger on
127.0.0.1, which can do anything that the firmware can; local images may be installed.
A unit that was never sealed or unsealed allows the page on this machine, but no debugger. A damaged seal counts as
sealed. Only users who can write the data folder can change the state (the firmware's user and root); it cannot be
changed over a network. The twin reports it as "sealed"; the log and seal.json show who changed it and when. It takes
effect at once.`;

export const verb: Verb = {
  name: "seal",
  summary: "Seal a unit for the field, or show whether it is sealed",
  usage: "seal [status] [FLAGS]",
  subverbs: ["status"],
  flags: { ...sealFlags, json: sharedFlags.json },
  notes: sealNotes,
  run: async (args) => (args.words[0] === "status" ? status(args) : await change(args, "sealed")),
};

export async function change(args: Arguments, state: SealChange["state"]): Promise<number> {
  const { data } = readContext(args);
  const before = await changeSeal(data.path, state, systemClock.wallNow());
  const other = otherDataFolder(args, data.path);
  if (other !== undefined)
    process.stderr.write(`! The service keeps its data in ${other}: for it, add --data ${other}\n`);
  return print(before === state ? `Already ${state}: ${data.path}` : `${messages[state]}\n(${data.path})`);
}

const messages = {
  sealed: `Sealed. The page of this unit is read-only until GROVE_HEATER_HUB_PASSWORD is set for it; an open debugger
stays open until the firmware is restarted: sudo systemctl restart grove-heater
To unseal it for development: grove-heater unseal`,
  unsealed: `Unsealed, for development. Before it is used in the field again: grove-heater seal`,
} as const;

/** Prints the state and its changes, as text or JSON. */
function status(args: Arguments): number {
  const { data } = readContext(args);
  const { state, changes, damage } = readSeal(data.path);
  if (args.has("json")) return print(JSON.stringify({ data: data.path, state, damage, changes }, null, 2));
  print(damage === undefined ? state : `sealed, because seal.json cannot be used: ${damage}`);
  for (const { state: to, at, by } of changes) print(`  ${at}  ${to} by ${by}`);
  return exitCodes.ok;
}
