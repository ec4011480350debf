/**
 * Seals and unseals. Guarantee: the file is replaced as a whole, 0600, and belongs to whom the data folder belongs to; who
 * changed it and when stays in it, for the last twenty times.
 */
import { userInfo } from "node:os";
import { isoTime } from "../../base/iso-time.ts";
import { ownerOf, writeWhole } from "../claim/claim.ts";
import { openDataFolder } from "../storage/data-folder.ts";
import { mostChanges, readSeal, type SealChange, type SealState, sealFile } from "./seal.ts";

/** @returns what it was before @throws StartupError */
export async function changeSeal(
  dataPath: string,
  state: SealChange["state"],
  wallMs: number,
): Promise<SealState> {
  const owner = ownerOf(dataPath);
  openDataFolder(dataPath);
  const before = readSeal(dataPath);
  if (before.state === state && before.damage === undefined) return state;
  const change = { state, at: isoTime(wallMs), by: whoAsks(process.env) };
  const changes = [...before.changes, change].slice(-mostChanges);
  await writeWhole(sealFile(dataPath), `${JSON.stringify({ changes }, null, 2)}\n`, owner);
  return before.state;
}

function whoAsks(env: NodeJS.ProcessEnv): string {
  try {
    return (env["SUDO_USER"] || userInfo().username).slice(0, 64);
  } catch {
    // A user without an entry in the system's list.
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
