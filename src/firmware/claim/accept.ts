/**
 * On the unit: takes the certificate that the owner signed, and puts it in force.
 *
 * Guarantees: nothing is put in force that the firmware would refuse at its next start; the switch is one replaced file,
 * credentials.json (0600), so that after a power cut the old pair or the new one is in force; the old pair is kept until
 * the next certificate comes.
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
import { explained, ownerOf, writeWhole } from "./claim.ts";
import { certificatesOf, commonNameOf } from "./pem.ts";
import { checkCommonName } from "./registration-id.ts";
import {
  claimedName,
  claimFolder,
  type InForce,
  readInForce,
  readKey,
  removeOthers,
  type UnitKey,
  unitKeys,
  x509CredentialsText,
} from "./unit-keys.ts";

export interface AcceptOptions {
  readonly dataPath: string;
  readonly certificatePem: string;
  /** Where it comes from, for messages. */
  readonly from: string;
  /** Of the one in force when absent. */
  readonly idScope: string | undefined;
  readonly endpoint: string | undefined;
  /** PEM of the authority of DPS and hub, where that is not a public one. */
  readonly serverCaPem: string | undefined;
  /** Credentials for another id, or with a key, may be replaced. */
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
  /** What may be wrong without being wrong for sure. */
  readonly notices: readonly string[];
}

/** @throws StartupError; then nothing has changed */
export async function acceptCertificate(options: AcceptOptions): Promise<Accepted> {
  const { dataPath, from, wallMs } = options;
  const owner = ownerOf(dataPath);
  openDataFolder(dataPath);
  const [leaf, ...above] = certificatesOf(options.certificatePem, from);
  const registrationId = checkLeaf(leaf, from, wallMs);
  checkChain([leaf, ...above], from);
  const key = await keyOf(leaf, dataPath, from);
  const before = await readInForce(dataPath);
  checkReplaced(before, registrationId, options.replace);
  const idScope = options.idScope ?? before.idScope;
  if (idScope === undefined) {
    const next =
      "Give it with --id-scope SCOPE: DPS's overview, or Central's device connection groups show it.";
    throw new StartupError(exitCodes.usage, "The id scope of DPS is missing.", next);
  }
  // To another DPS neither its address nor its authority leads.
  const same: InForce = idScope === before.idScope ? before : {};
  const serverCa = await keepServerCa(options, same, owner);
  const endpoint = options.endpoint ?? same.endpoint;
  const text = x509CredentialsText({ idScope, registrationId, key, endpoint, caFile: serverCa });
  const credentialsFile = join(dataPath, credentialsFileName);
  await writeWhole(key.certificateFile, chainText([leaf, ...above]), owner);
  // As the firmware will read it.
  await explained(() => credentialsFromFile(text, credentialsFile, systemPrivateFiles));
  await writeWhole(credentialsFile, text, owner);
  await removeOthers(dataPath, [key.keyFile, before.keyFile]);
  const notices = noticesOf(leaf, above, wallMs);
  return { registrationId, idScope, credentialsFile, validTo: new Date(leaf.validTo), before, notices };
}

const chainText = (chain: readonly X509Certificate[]): string =>
  `${chain.map((certificate) => certificate.toString().trim()).join("\n")}\n`;

function refuse(from: string, why: string, remedy: string): StartupError {
  return new StartupError(exitCodes.configuration, `${from} ${why}.`, remedy);
}

/** @returns the registration id */
function checkLeaf(leaf: X509Certificate, from: string, wallMs: number): string {
  if (leaf.ca) throw refuse(from, "begins with an authority's certificate", "The device's own comes first.");
  const registrationId = commonNameOf(leaf.subject);
  checkCommonName(registrationId);
  // Node's name for the extended key usage; undefined where there is none, which allows all.
  const purposes = leaf.keyUsage as readonly string[] | undefined;
  if (purposes !== undefined && !purposes.includes(clientAuth)) {
    throw refuse(from, "is not for client authentication", "Sign the request with: grove-heater claim sign");
  }
  if (Date.parse(leaf.validTo) <= wallMs) {
    const next =
      "Check this unit's clock with date; else make a new request with: grove-heater claim request";
    throw refuse(from, `expired on ${leaf.validTo}`, next);
  }
  return registrationId;
}

function checkChain(chain: readonly X509Certificate[], from: string): void {
  for (const [at, certificate] of chain.entries()) {
    const issuer = chain[at + 1];
    if (issuer === undefined || certificate.verify(issuer.publicKey)) continue;
    throw refuse(
      from,
      "holds certificates that did not sign each other",
      "Give the file of claim sign as it is.",
    );
  }
}

async function keyOf(leaf: X509Certificate, dataPath: string, from: string): Promise<UnitKey> {
  const keys = unitKeys(dataPath);
  for (const key of keys) if (leaf.checkPrivateKey(createPrivateKey(await readKey(key)))) return key;
  const looked = claimFolder(dataPath);
  throw keys.length === 0
    ? refuse(from, `has no key here: there is none in ${looked}`, "Begin with: grove-heater claim request")
    : refuse(
        from,
        `fits none of the keys in ${looked}`,
        "Sign the request of this unit, and of its last claim request.",
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
    "Say --replace when this unit is to be that one from now on.",
  );
}

async function keepServerCa(
  { dataPath, serverCaPem }: AcceptOptions,
  same: InForce,
  owner: ReturnType<typeof ownerOf>,
): Promise<string | undefined> {
  if (serverCaPem === undefined) return same.caFile;
  const [authority] = certificatesOf(serverCaPem, "--server-ca");
  const path = join(claimFolder(dataPath), "server-ca.pem");
  await writeWhole(path, authority.toString(), owner);
  return claimedName(path);
}

function noticesOf(leaf: X509Certificate, above: readonly X509Certificate[], wallMs: number): string[] {
  const notices = [];
  if (Date.parse(leaf.validFrom) > wallMs) {
    notices.push(
      `It is valid from ${leaf.validFrom}, and this unit's clock is before that: check it with date.`,
    );
  }
  if (above.length === 0) {
    notices.push(
      "It comes without its authority's certificate: DPS must have the one that signed it, not one above.",
    );
  }
  return notices;
}
