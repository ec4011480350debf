/** Kinds of failures of a connection, by the error codes of Node.js and OpenSSL. */
import { errnoOf } from "./errors.ts";

export type NetworkFailure =
  /** The peer's certificate is not valid at the time that this machine's clock shows. */
  | "clock-wrong"
  | "untrusted-ca"
  | "host-not-granted"
  | "host-not-found"
  | "host-unreachable"
  | "timeout"
  | "dropped"
  /** The server refused the client's certificate. */
  | "key-refused"
  /** The peer does not speak TLS as expected. */
  | "protocol";

const codes: Readonly<Record<string, NetworkFailure>> = {
  CERT_NOT_YET_VALID: "clock-wrong",
  CERT_HAS_EXPIRED: "clock-wrong",
  UNABLE_TO_GET_ISSUER_CERT: "untrusted-ca",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "untrusted-ca",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "untrusted-ca",
  SELF_SIGNED_CERT_IN_CHAIN: "untrusted-ca",
  DEPTH_ZERO_SELF_SIGNED_CERT: "untrusted-ca",
  CERT_UNTRUSTED: "untrusted-ca",
  CERT_REJECTED: "untrusted-ca",
  CERT_SIGNATURE_FAILURE: "untrusted-ca",
  INVALID_CA: "untrusted-ca",
  ERR_TLS_CERT_ALTNAME_INVALID: "untrusted-ca",
  // From the gate, or from the kernel's own firewall under systemd's IPAddressDeny.
  EPERM: "host-not-granted",
  EACCES: "host-not-granted",
  ENOTFOUND: "host-not-found",
  EAI_AGAIN: "host-not-found",
  EAI_FAIL: "host-not-found",
  ENODATA: "host-not-found",
  ECONNREFUSED: "host-unreachable",
  EHOSTUNREACH: "host-unreachable",
  EHOSTDOWN: "host-unreachable",
  ENETUNREACH: "host-unreachable",
  ENETDOWN: "host-unreachable",
  EADDRNOTAVAIL: "host-unreachable",
  ETIMEDOUT: "timeout",
  ECONNRESET: "dropped",
  ECONNABORTED: "dropped",
  EPIPE: "dropped",
  // The server refused the client's certificate.
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "key-refused",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "key-refused",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "key-refused",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "key-refused",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "key-refused",
};

/** @returns `undefined` for an error that says nothing about the connection. Never throws */
export function networkFailureOf(error: unknown): NetworkFailure | undefined {
  let at = error;
  // Bounded, since a chain of causes may be circular.
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    const code = codes[String(errnoOf(at))];
    if (code !== undefined) return code;
    // Happy eyeballs: an AggregateError of one failure per address.
    if (at instanceof AggregateError && at.errors.length > 0) return networkFailureOf(at.errors[0]);
    if (String(errnoOf(at)).startsWith("ERR_SSL_")) return "protocol";
    at = at.cause;
  }
  return undefined;
}
