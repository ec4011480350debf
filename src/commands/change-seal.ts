/** `seal` and `unseal`: the two states of a unit, and what each means. */

import { exitCodes } from "../firmware/process/exit-codes.ts";
import { systemClock } from "../firmware/process/system-clock.ts";
import { changeSeal } from "../firmware/seal/change.ts";
import { readSeal, type SealChange } from "../firmware/seal/seal.ts";
import { readContext } from "./line/context.ts";
import { otherDataFolder } from "./line/service-data.ts";
import { type Arguments, sharedFlags, type VerbSpec } from "./line/verb.ts";

export const sealFlags = { data: sharedFlags.data } satisfies VerbSpec["flags"];

export const sealNotes = `
sealed, for the field: the page shows and changes nothing unless its password is set and given; no signal opens a
debugger; images from this machine's disk are not installed; updates come by the signed feed.
unsealed, for development: the page changes things from this machine without a password; SIGUSR1 opens a debugger on
127.0.0.1, which can do anything that the firmware can; local images may be installed.
A unit that nobody decided about has its page open to this machine, and no debugger. A damaged seal counts as sealed.
Whoever may write the data folder may do this: the firmware's user, or root. Nothing that comes over a network can. The
twin reports it as "sealed", the log and seal.json say who changed it and when. It is in force at once.`;

export async function change(args: Arguments, state: SealChange["state"]): Promise<number> {
  const { data } = readContext(args);
  const before = await changeSeal(data.path, state, systemClock.wallNow());
  const other = otherDataFolder(args, data.path);
  if (other !== undefined)
    process.stderr.write(`! The service keeps its data in ${other}: for it, add --data ${other}\n`);
  return print(before === state ? `It is ${state} already: ${data.path}` : `${said[state]}\n(${data.path})`);
}

const said = {
  sealed: `Sealed. The page of this unit is read-only until GROVE_HEATER_HUB_PASSWORD is set for it; a debugger that is open
stays open until the firmware is restarted: sudo systemctl restart grove-heater
When it goes back to the bench: grove-heater unseal`,
  unsealed: `Unsealed, for development. Before it goes to the field again: grove-heater seal`,
} as const;

/** For a reader or a script. */
export function status(args: Arguments): number {
  const { data } = readContext(args);
  const { state, changes, damage } = readSeal(data.path);
  if (args.has("json")) return print(JSON.stringify({ data: data.path, state, damage, changes }, null, 2));
  print(damage === undefined ? state : `sealed: seal.json counts so because ${damage}`);
  for (const { state: to, at, by } of changes) print(`  ${at}  ${to} by ${by}`);
  return exitCodes.ok;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.ok;
}
