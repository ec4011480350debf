/**
 * On the unit: accepts the certificate that the owner signed, and activates it.
 *
 * Guarantees: it activates nothing that the firmware would reject at its next start; activation replaces a
 * single file, credentials.json (0600), so that after a power cut either the old key and certificate or the
 * new ones are in force; the old ones are kept until the next certificate is accepted.
 */
import type { X509Certificate } from "node:crypto";
import { createPrivateKey } from "node:crypto";
import { join } from "node:path";
import { credentialsFromFile } from "../../azure/credentials/file.ts";
import { credentialsFileName } from "../../azure/credentials/load.ts";
import { systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import { clientAuth } from "../../protocol/certificates/certificates.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { openDataFolder } from "../storage/data-folder.ts";
import { ownerOf, withStartupErrors, writeWhole } from "./claim.ts";
import { certificatesOf, commonNameOf } from "./pem.ts";
import { checkCommonName } from "./registration-id.ts";
import {
  claimFolder,
  type InForce,
  pathInCredentials,
  readInForce,
  readKey,
  removeOtherKeys,
  type UnitKey,
  unitKeys,
  x509CredentialsText,
} from "./unit-keys.ts";

export interface AcceptOptions {
  readonly dataPath: string;
  readonly certificatePem: string;
  /** Where it comes from, for messages. */
  readonly from: string;
  /** When absent, the one in force. */
  readonly idScope: string | undefined;
  readonly endpoint: string | undefined;
  /** PEM of the authority that signed the certificates of DPS and hub, where it is not a public one. */
  readonly serverCaPem: string | undefined;
  /** Allows to replace credentials for another id, or of another type. */
  readonly replace: boolean;
  readonly wallMs: number;
}

export interface Accepted {
  readonly registrationId: string;
  readonly idScope: string;
  readonly credentialsFile: string;
  readonly validTo: Date;
  /** What was in force before. */
  readonly before: InForce;
  /** Possible problems. */
  readonly notices: readonly string[];
}

/** @throws StartupError; in this case nothing has changed */
export async function acceptCertificate(options: AcceptOptions): Promise<Accepted> {
  const { dataPath, from, wallMs } = options;
  const owner = ownerOf(dataPath);
  openDataFolder(dataPath);
  const [leaf, ...authorities] = certificatesOf(options.certificatePem, from);
  const registrationId = checkLeaf(leaf, from, wallMs);
  checkChain([leaf, ...authorities], from);
  const key = await keyOf(leaf, dataPath, from);
  const before = await readInForce(dataPath);
  checkReplaced(before, registrationId, options.replace);
  const idScope = options.idScope ?? before.idScope;
  if (idScope === undefined) {
    const next =
      "Give it with --id-scope SCOPE; the overview of DPS, or Central's device connection groups, show it.";
    throw new StartupError(exitCodes.usage, "The id scope of DPS is missing.", next);
  }
  // Another DPS has another address and authority, so these are only kept for the same id scope.
  const reusable: InForce = idScope === before.idScope ? before : {};
  const serverCa = await keepServerCa(options, reusable, owner);
  const endpoint = options.endpoint ?? reusable.endpoint;
  const text = x509CredentialsText({ idScope, registrationId, key, endpoint, caFile: serverCa });
  const credentialsFile = join(dataPath, credentialsFileName);
  await writeWhole(key.certificateFile, chainText([leaf, ...authorities]), owner);
  // The same check as at the firmware's start.
  await withStartupErrors(() => credentialsFromFile(text, credentialsFile, systemPrivateFiles));
  await writeWhole(credentialsFile, text, owner);
  await removeOtherKeys(dataPath, [key.keyFile, before.keyFile]);
  const notices = noticesOf(leaf, authorities, wallMs);
  return { registrationId, idScope, credentialsFile, validTo: new Date(leaf.validTo), before, notices };
}

const chainText = (chain: readonly X509Certificate[]): string =>
  `${chain.map((certificate) => certificate.toString().trim()).join("\n")}\n`;

function refuse(from: string, why: string, remedy: string): StartupError {
  return new StartupError(exitCodes.configuration, `${from} ${why}.`, remedy);
}

/** @returns the registration id */
function checkLeaf(leaf: X509Certificate, from: string, wallMs: number): string {
  if (leaf.ca)
    throw refuse(from, "begins with an authority's certificate", "Put the device's own certificate first.");
  const registrationId = commonNameOf(leaf.subject);
  checkCommonName(registrationId);
  // `keyUsage` is Node's name for the extended key usage; undefined where there is none, which allows every
  // use.
  const purposes = leaf.keyUsage as readonly string[] | undefined;
  if (purposes !== undefined && !purposes.includes(clientAuth)) {
    throw refuse(from, "is not for client authentication", "Sign the request with: grove-heater claim sign");
  }
  if (Date.parse(leaf.validTo) <= wallMs) {
    const next =
      "Check this unit's clock with date; if it is right, make a new request with: grove-heater claim request";
    throw refuse(from, `expired on ${leaf.validTo}`, next);
  }
  return registrationId;
}

function checkChain(chain: readonly X509Certificate[], from: string): void {
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    if (issuer === undefined || certificate.verify(issuer.publicKey)) continue;
    throw refuse(
      from,
      "contains certificates that did not sign each other",
      "Use the unchanged file that claim sign wrote.",
    );
  }
}

async function keyOf(leaf: X509Certificate, dataPath: string, from: string): Promise<UnitKey> {
  const keys = unitKeys(dataPath);
  for (const key of keys) if (leaf.checkPrivateKey(createPrivateKey(await readKey(key)))) return key;
  const folder = claimFolder(dataPath);
  throw keys.length === 0
    ? refuse(
        from,
        `has no key on this unit: ${folder} contains none`,
        "Begin with: grove-heater claim request",
      )
    : refuse(
        from,
        `does not match any key in ${folder}`,
        "Sign the request that this unit made last (claim request).",
      );
}

function checkReplaced(before: InForce, registrationId: string, replace: boolean): void {
  const isOther = before.registrationId !== registrationId;
  if (before.type === undefined || replace || (!isOther && before.type.startsWith("dps-"))) return;
  const what =
    before.registrationId === undefined ? `of type ${before.type}` : `for ${before.registrationId}`;
  throw new StartupError(
    exitCodes.configuration,
    `This unit has credentials ${what}, and the certificate is for ${registrationId}.`,
    "To change this unit's id or type of credentials, use --replace.",
  );
}

async function keepServerCa(
  { dataPath, serverCaPem }: AcceptOptions,
  reusable: InForce,
  owner: ReturnType<typeof ownerOf>,
): Promise<string | undefined> {
  if (serverCaPem === undefined) return reusable.caFile;
  const [authority] = certificatesOf(serverCaPem, "--server-ca");
  const path = join(claimFolder(dataPath), "server-ca.pem");
  await writeWhole(path, authority.toString(), owner);
  return pathInCredentials(path);
}

function noticesOf(leaf: X509Certificate, authorities: readonly X509Certificate[], wallMs: number): string[] {
  const notices = [];
  if (Date.parse(leaf.validFrom) > wallMs) {
    notices.push(
      `It is valid from ${leaf.validFrom}, but this unit's clock shows an earlier time: check it with date.`,
    );
  }
  if (authorities.length === 0) {
    notices.push(
      "It contains no certificate of its authority: DPS must have the authority that signed it, not a higher one.",
    );
  }
  return notices;
}
