/**
 * Seals and unseals. Guarantee: the file is replaced as a whole, has mode 0600 and the owner of the data
 * folder; it lists who changed it and when, for the last twenty changes.
 */
import { userInfo } from "node:os";
import { isoTime } from "../../base/iso-time.ts";
import { ownerOf, writeWhole } from "../claim/claim.ts";
import { openDataFolder } from "../storage/data-folder.ts";
import { maxChanges, readSeal, type SealChange, type SealState, sealFile } from "./seal.ts";

/** @returns the state before @throws StartupError */
export async function changeSeal(
  dataPath: string,
  state: SealChange["state"],
  wallMs: number,
): Promise<SealState> {
  const owner = ownerOf(dataPath);
  openDataFolder(dataPath);
  const before = readSeal(dataPath);
  if (before.state === state && before.damage === undefined) return state;
  const change = { state, at: isoTime(wallMs), by: userName(process.env) };
  const changes = [...before.changes, change].slice(-maxChanges);
  await writeWhole(sealFile(dataPath), `${JSON.stringify({ changes }, null, 2)}\n`, owner);
  return before.state;
}

function userName(env: NodeJS.ProcessEnv): string {
  try {
    return (env["SUDO_USER"] || userInfo().username).slice(0, 64);
  } catch {
    // A user without an entry in /etc/passwd.
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
