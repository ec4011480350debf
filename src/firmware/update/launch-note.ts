/**
 * What the guardian tells a loop about updates: an environment variable, which an older loop ignores (it would reject an
 * unknown flag). The processes below the loop inherit it.
 *
 * Guarantee: absent where nothing was ever installed; one that is damaged counts as absent. It holds no secret.
 */
import { type Infer, readText } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { boolean, integer, oneOf, optional, string } from "../../base/schema/values.ts";
import { firmwareVersion } from "../process/package-root.ts";

export const launchNoteVariable = "GROVE_HEATER_LAUNCH";

const launchNote = object({
  /** Version of the guardian's messages. */
  protocol: integer(1),
  /** Folder of the slots. */
  slots: string(),
  /** Folder of the trusted keys: of the installation, never of an update. */
  keys: string(),
  /** The slot whose program this loop is, or the firmware of the installation. */
  program: oneOf(["a", "b", "factory"]),
  /** Digest of the slot's image; absent for the factory firmware. */
  digest: optional(string(undefined, 64)),
  /**
   * The version that the owner gave the image, if it differs from the program's own; older guardians do not
   * send it.
   */
  release: optional(string(undefined, 64)),
  /** Whether it is on trial. */
  trial: boolean,
  /**
   * Versions of the stored state that the previous program can read. Since a trial may fail, no other version
   * is stored before the confirmation.
   */
  readable: object({ reads: integer(1), writes: integer(1) }),
  /** Why the confirmed slot does not run. */
  unusable: optional(string()),
});
export type LaunchNote = Infer<typeof launchNote>;

/** Version of the program in this process, as shown on screen, in the twin and in reports. */
export function runningRelease(env: NodeJS.ProcessEnv = process.env): string {
  const note = readLaunchNote(env);
  return (note?.program !== "factory" && note?.release) || firmwareVersion();
}

export const readLaunchNote = (env: NodeJS.ProcessEnv): LaunchNote | undefined =>
  readText(launchNote, env[launchNoteVariable] ?? "");
