/**
 * Why the link is not online: one code, and a sentence for the person who can fix it.
 *
 * Guarantee: every failure gets a code, told by what TLS, the socket and MQTT themselves said; the SDK's own words
 * would call a missing network "Not authorized". No sentence holds a secret.
 */
import { errnoOf, reasonOf } from "../../base/errors.ts";
import { isRecord } from "../../base/json/value.ts";
import { hostAndPort } from "../../protocol/names.ts";
import { scrub } from "../credentials/secret.ts";

export type CauseCode =
  /** The clock cannot be right: TLS and tokens would fail for no other reason. */
  | "clock-wrong"
  | "untrusted-ca"
  /** The app manifest, or the system's sandbox, does not let this host through. */
  | "host-not-granted"
  | "key-refused"
  | "disabled"
  /** The name cannot be looked up. */
  | "host-not-found"
  | "host-unreachable"
  | "throttled"
  /** The service answers, but not now. */
  | "service-failed"
  /** Another connection under the same id takes over again and again. */
  | "duplicate-id"
  | "timeout"
  /** The connection ended from the other side. */
  | "dropped"
  /** Our own doing: a fresh token needs a fresh connection. */
  | "renewal"
  /** What was said to us is not the protocol. */
  | "protocol"
  | "unknown";

export interface LinkCause {
  readonly code: CauseCode;
  /** One or two sentences: what happened, and what to look at. */
  readonly words: string;
  /** What the system said, such as ECONNREFUSED; empty when it said nothing. */
  readonly detail: string;
  /** How long the service asked us to keep away. */
  readonly retryAfterMs?: number | undefined;
  /** The other side ended the connection in good order: no network does that. */
  readonly closedByPeer?: boolean | undefined;
}

/** Whom we were talking to. */
export interface Peer {
  readonly host: string;
  readonly role: "DPS" | "the hub";
}

/** How one attempt or connection failed, gathered from every layer; the lowest that spoke is right. */
export interface Failure {
  readonly peer: Peer;
  /** What the socket, TLS or MQTT.js said first. */
  readonly wire?: unknown;
  /** What the SDK made of it. */
  readonly sdk?: unknown;
  /** MQTT's answer to CONNECT, when it was a refusal. */
  readonly returnCode?: number | undefined;
  /** Status of DPS's last answer. */
  readonly status?: number | undefined;
  readonly timedOut?: boolean;
}

const words: Readonly<Record<CauseCode, (peer: Peer) => string>> = {
  "clock-wrong": (peer) =>
    `The clock cannot be right, or the certificate of ${peer.host} is out of its time. Set the clock (is NTP ` +
    "reachable?); if it is right, that certificate must be renewed.",
  "untrusted-ca": (peer) =>
    `The certificate of ${peer.host} is not one that is trusted. For a local hub, name its CA as "caFile"; else ` +
    "something stands between.",
  "host-not-granted": (peer) =>
    `${peer.host} may not be connected to. Add "${hostAndPort(peer.host).host}" to "AllowedConnections" in ` +
    "app_manifest.json.",
  "key-refused": (peer) =>
    peer.role === "DPS"
      ? `DPS refused this device. Check id scope, registration id, key or certificate, its enrollment${lookUp}`
      : `The hub refused this device. Check id, key or certificate, whether it is enabled${lookUp}`,
  disabled: (peer) => `${peer.role} says that this device is disabled. Enable it there.`,
  "host-not-found": (peer) => `${peer.host} cannot be looked up. Check the name, the network and DNS.`,
  "host-unreachable": (peer) =>
    `${peer.host} cannot be reached. Check the network, and whether a firewall lets port ` +
    `${hostAndPort(peer.host).port} through.`,
  throttled: (peer) => `${peer.role} asks for fewer requests. Waiting.`,
  "service-failed": (peer) => `${peer.role} has a failure of its own. Waiting.`,
  "duplicate-id": () =>
    "The hub ends each connection right after it was made: does another device, or program, use the same id?",
  timeout: (peer) => `${peer.host} did not answer in time. Check the network; trying again.`,
  dropped: (peer) => `The connection to ${peer.host} was lost. Trying again.`,
  renewal: () => "The token expires soon; reconnecting.",
  protocol: (peer) => `${peer.host} does not speak as expected. Check that it is the right host and port.`,
  unknown: (peer) => `The connection to ${peer.host} failed. Trying again.`,
};

const lookUp = ", and the clock. What is configured expected: grove-heater credentials check";

export const cause = (code: CauseCode, peer: Peer, detail = ""): LinkCause => ({
  code,
  words: words[code](peer),
  detail: scrub(detail),
});

/** Names the cause of a failure. Never throws. */
export function classify(failure: Failure): LinkCause {
  const { peer, wire, sdk, returnCode, status } = failure;
  const found =
    byReturnCode(returnCode) ?? byError(wire) ?? byStatus(status) ?? byRegistration(sdk) ?? byError(sdk);
  const detail = returnCode === undefined ? detailOf(wire ?? sdk) : `CONNACK ${returnCode}`;
  if (found !== undefined) return cause(found, peer, detail);
  if (failure.timedOut === true) return cause("timeout", peer, detail);
  return cause(isSilence(wire ?? sdk) ? "dropped" : "unknown", peer, detail);
}

/** A socket that ended without a word is what the SDK calls so. */
const isSilence = (said: unknown): boolean =>
  said === undefined || (said instanceof Error && said.name === "NotConnectedError");

/** MQTT 3.1.1, section 3.2.2.3; IoT Hub answers 3 while it throttles and 5 to a bad token or a disabled device. */
function byReturnCode(code: number | undefined): CauseCode | undefined {
  if (code === undefined || code === 0) return undefined;
  if (code === 3) return "throttled";
  return code === 1 ? "protocol" : "key-refused";
}

const codes: Readonly<Record<string, CauseCode>> = {
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
  // The server shuts the door on a certificate with an alert.
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "key-refused",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "key-refused",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "key-refused",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "key-refused",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "key-refused",
};

function byError(error: unknown): CauseCode | undefined {
  let at = error;
  // A chain of causes made by hand may be a circle.
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    const code = codes[String(errnoOf(at))];
    if (code !== undefined) return code;
    // Happy eyeballs: an AggregateError of one failure per address.
    if (at instanceof AggregateError && at.errors.length > 0) return byError(at.errors[0]);
    if (String(errnoOf(at)).startsWith("ERR_SSL_")) return "protocol";
    at = at.cause;
  }
  return undefined;
}

function byStatus(status: number | undefined): CauseCode | undefined {
  if (status === undefined || status < 400) return undefined;
  if (status === 429) return "throttled";
  return status >= 500 ? "service-failed" : "key-refused";
}

function byRegistration(error: unknown): CauseCode | undefined {
  if (!(error instanceof Error)) return undefined;
  if (/status is disabled/i.test(error.message)) return "disabled";
  return error.name === "ProvisioningRegistrationFailedError" ? "key-refused" : undefined;
}

function detailOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { result } = error as { result?: { registrationState?: unknown } };
  // DPS puts its own code and words into the registration's state, which the SDK hangs onto its error.
  const state = result?.registrationState;
  if (isRecord(state)) return `${error.message} ${JSON.stringify(state)}`;
  return reasonOf(error);
}
