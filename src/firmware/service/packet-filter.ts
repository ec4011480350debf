/**
 * The packet filter's rules for the service's user, in the file that the unit loads at each start.
 *
 * Guarantee: a file that a person wrote is neither changed nor removed; ours is rewritten from the manifest
 * at each installation.
 */
import { nftables, rulesFile } from "../../manifest/firewall.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { loadsRules } from "../../manifest/sandbox.ts";
import { putFile, readText, removePath, type System } from "./system.ts";

const file = rulesFile({ name: "grove-heater" });
/**
 * The first words of the output of `manifest nftables`: a file with them counts as ours, even if a person
 * saved it.
 */
const ourHead = '# Made by "grove-heater manifest nftables"';

/** @returns a message about what is missing, for a person; `undefined` on success */
export function placeRules(system: System, manifest: Manifest): string | undefined {
  const present = readText(system, file);
  if (present !== undefined && !present.startsWith(ourHead)) return undefined;
  if (!loadsRules(manifest)) {
    removeRules(system);
    return undefined;
  }
  if (putFile(system, file, nftables(manifest))) system.print(`packet filter ${file}`);
  if (system.run("nft", ["--version"]).code === 0) return undefined;
  return "packet filter: there is no nft, so its rules are not loaded. sudo apt-get install nftables";
}

/** @returns the file, if it was ours and is removed */
export function removeRules(system: System): string[] {
  if (readText(system, file)?.startsWith(ourHead) !== true) return [];
  // The rules stay in the kernel until somebody deletes them. Where there are none this fails, which is fine.
  system.run("nft", ["delete", "table", "inet", "grove_heater"]);
  return removePath(system, file) ? [file] : [];
}
