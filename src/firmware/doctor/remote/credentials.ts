/**
 * Folder remote/: checks this unit's connections: to the cloud, to update sources and alert servers, and by
 * its local socket.
 *
 * Checks the device's credentials for Azure. Makes no connection and shows no secret.
 */
import { CredentialError, type Credentials } from "../../../azure/credentials/credentials.ts";
import { type Advice, type Description, describeCredentials } from "../../../azure/credentials/describe.ts";
import type { Clock } from "../../../base/clock.ts";
import type { WallMillis } from "../../../base/units.ts";
import { checkConnection } from "../../../manifest/gate.ts";
import type { Manifest } from "../../../manifest/manifest.ts";
import { hostAndPort } from "../../../protocol/names.ts";
import { type Finding, fail, ok, warn } from "../finding.ts";

/** @param load rejects with CredentialError when credentials exist and cannot be used */
export async function checkCredentials(
  load: () => Promise<Credentials | undefined>,
  clock: Clock,
  manifest: Manifest | undefined,
): Promise<readonly Finding[]> {
  const check = "credentials";
  let credentials: Credentials | undefined;
  try {
    credentials = await load();
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    return [fail(check, error.message, error.remedy)];
  }
  if (credentials === undefined) return [ok(check, "none: run starts the local hub and connects to it")];
  const { facts, problems, notices } = reviewCredentials(credentials, clock.wallNow(), manifest);
  if (problems.length > 0) return problems.map(({ message, remedy }) => fail(check, message, remedy));
  if (notices.length > 0) return notices.map(({ message, remedy }) => warn(check, message, remedy));
  return [ok(check, `${facts["connects"]}, by ${facts["proof"]}`)];
}

/**
 * What is configured, with every problem that prevents the device from connecting to its cloud.
 * @param manifest `undefined`: it is invalid, which another finding reports
 */
export function reviewCredentials(
  credentials: Credentials,
  wallMs: WallMillis,
  manifest: Manifest | undefined,
): Description {
  const described = describeCredentials(credentials, wallMs);
  const refused = manifest && refusalOf(credentials, manifest);
  return refused === undefined ? described : { ...described, problems: [...described.problems, refused] };
}

/** Why the capability gate would refuse the connection to the cloud. */
function refusalOf({ target }: Credentials, manifest: Manifest): Advice | undefined {
  const { host } = hostAndPort(target.kind === "dps" ? target.endpoint : target.host);
  if (checkConnection(manifest, host) === undefined) return undefined;
  return {
    message: `Connections to ${host} are not allowed.`,
    remedy: `Add it to "AllowedConnections" in the manifest; see: grove-heater manifest check.`,
  };
}
