/** Checks registration ids for use in certificates and folder names. */
import { isDeviceId, isRegistrationId } from "../../protocol/names.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

/** RFC 5280, ub-common-name: OpenSSL and DPS reject a longer one. */
const maxCommonNameLength = 64;

/** Why this cannot be the id of a unit; `undefined` when it can. The text follows the id: "has …", "is …". */
export function problemOfId(
  id: string,
  { certificate }: { readonly certificate: boolean },
): string | undefined {
  if (id === "") return "is empty";
  if (!isRegistrationId(id) || !isDeviceId(id))
    return "is not a registration id: up to 128 letters, digits and - . _ :, ending in a letter, a digit or -";
  if (certificate && id.length > maxCommonNameLength)
    return `has ${id.length} characters; a certificate's common name has at most ${maxCommonNameLength}`;
  return undefined;
}

/** @throws StartupError (usage) */
export function checkCommonName(id: string): void {
  const problem = problemOfId(id, { certificate: true });
  if (problem === undefined) return;
  throw new StartupError(
    exitCodes.usage,
    `The id ${JSON.stringify(id.slice(0, 140))} ${problem}.`,
    "Choose the unit's id in DPS, such as heater-7, and give it with --device ID.",
  );
}
