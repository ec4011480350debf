/**
 * Describes the configured credentials for the user.
 *
 * Guarantee: contains no key, no token and nothing derived from one; certificates are public and shown.
 */
import { X509Certificate } from "node:crypto";
import { isoTime } from "../../base/iso-time.ts";
import type { WallMillis } from "../../base/units.ts";
import type { CertificateProof, Credentials } from "./credentials.ts";
import { renewalNotice, renewalRemedy } from "./renewal.ts";

export interface Description {
  /** Values by name, in display order. */
  readonly facts: Readonly<Record<string, string>>;
  /** What the services would refuse, and what to do about it. */
  readonly problems: readonly Advice[];
  /** What they will refuse soon. */
  readonly notices: readonly Advice[];
}

export interface Advice {
  readonly message: string;
  readonly remedy: string;
}

/** @param wallMs for the certificates' dates */
export function describeCredentials({ target, proof, caPem }: Credentials, wallMs: WallMillis): Description {
  const path =
    target.kind === "dps"
      ? {
          connects: `through DPS at ${target.endpoint}`,
          "id scope": target.idScope,
          "registration id": target.registrationId,
        }
      : { connects: `directly to the hub ${target.host}`, "device id": target.deviceId };
  const trusts =
    caPem === undefined
      ? "the public authorities, and those in NODE_EXTRA_CA_CERTS"
      : nameOf(new X509Certificate(caPem).subject);
  if (proof.kind === "key") {
    return { facts: { ...path, proof: "a symmetric key (not shown)", trusts }, problems: [], notices: [] };
  }
  const id = target.kind === "dps" ? target.registrationId : target.deviceId;
  const { facts, problems, notices } = describeCertificate(proof, id, wallMs);
  return { facts: { ...path, ...facts, trusts }, problems, notices };
}

function describeCertificate(
  { certificatePem }: CertificateProof,
  id: string,
  wallMs: WallMillis,
): Description {
  const { subject, validFrom, validTo, fingerprint256 } = new X509Certificate(certificatePem);
  const name = nameOf(subject);
  const facts = { proof: `a certificate for ${name}`, "valid until": validTo, "SHA-256": fingerprint256 };
  const problems = [];
  if (Date.parse(validFrom) > wallMs || Date.parse(validTo) <= wallMs) {
    problems.push({
      message: `The certificate is valid from ${validFrom} to ${validTo}; the clock shows ${isoTime(wallMs)}.`,
      remedy: "Have a new certificate issued, or set the clock.",
    });
  }
  if (name !== id) {
    problems.push({
      message: `The certificate's common name is ${name}, the device's id ${id}.`,
      remedy: "They must be the same: have it issued for this id, or correct the id.",
    });
  }
  const due = renewalNotice(certificatePem, wallMs);
  const notices = due === undefined ? [] : [{ message: due, remedy: renewalRemedy }];
  return { facts, problems, notices };
}

/** The common name; Node writes one attribute per line. */
const nameOf = (subject: string | undefined): string =>
  /^CN=(.*)$/m.exec(subject ?? "")?.[1] ?? (subject || "(no name)");
