/** Explains to the user why a hub or a page cannot be started. */
import { errnoOf, messageOf } from "../../base/errors.ts";
import { type ExitCode, exitCodes, StartupError } from "../process/exit-codes.ts";

/** Errors that a user can fix; all others are bugs. */
const userErrors: Readonly<Record<string, readonly [ExitCode, remedy?: string]>> = {
  EADDRINUSE: [
    exitCodes.unavailable,
    "End the program that uses it, or add ports to AllowedTcpServerPorts in manifest/app_manifest.json.",
  ],
  EACCES: [exitCodes.permission],
  EPERM: [exitCodes.permission],
  EROFS: [exitCodes.storage, "Make the data folder writable, or name another with --data FOLDER."],
  ENOSPC: [exitCodes.storage, "Free space on the disk, or name another data folder with --data FOLDER."],
  "password-needed": [exitCodes.configuration, "Set it in the environment: GROVE_HEATER_HUB_PASSWORD"],
  "hub-running": [
    exitCodes.running,
    "Use that one, or name another data folder for this one with --data FOLDER.",
  ],
};

/**
 * Rejection handler for the start of a server. @throws StartupError for an error that a user can fix,
 * otherwise the error itself
 */
export function explainListening(error: unknown): never {
  const [code, remedy = "See: grove-heater --help"] = userErrors[errnoOf(error) ?? ""] ?? [];
  if (code === undefined) throw error;
  throw new StartupError(code, `${messageOf(error)}.`.replace(/\.\.$/, "."), remedy, { cause: error });
}
