/**
 * Why the link is not online: a code, and a message with the next step.
 *
 * Guarantee: every failure gets a code, from the errors of TLS, socket and MQTT: the SDK would report a missing network
 * as "Not authorized". No message contains a secret.
 */
import { reasonOf } from "../../base/errors.ts";
import { isRecord } from "../../base/json/value.ts";
import { networkFailureOf } from "../../base/network-failure.ts";
import { hostAndPort } from "../../protocol/names.ts";
import { scrub } from "../credentials/secret.ts";

export type CauseCode =
  /** The clock is implausible, so TLS and tokens would fail. */
  | "clock-wrong"
  | "untrusted-ca"
  /** The app manifest or the system's sandbox does not allow this host. */
  | "host-not-granted"
  | "key-refused"
  | "disabled"
  /** DNS lookup failed. */
  | "host-not-found"
  | "host-unreachable"
  | "throttled"
  /** The service reports an internal failure. */
  | "service-failed"
  /** Another connection with the same id keeps replacing this one. */
  | "duplicate-id"
  | "timeout"
  /** The peer or the network ended the connection. */
  | "dropped"
  /** Intended: a new token needs a new connection. */
  | "renewal"
  /** The peer violates the protocol. */
  | "protocol"
  | "unknown";

export interface LinkCause {
  readonly code: CauseCode;
  /** One or two sentences: what happened, and what to check. */
  readonly text: string;
  /** The system's error, such as ECONNREFUSED; may be empty. */
  readonly detail: string;
  /** The wait that the service requested. */
  readonly retryAfterMs?: number | undefined;
  /** The peer closed the connection cleanly, which a network failure never does. */
  readonly closedByPeer?: boolean | undefined;
}

/** The service at the other end. */
export interface Peer {
  readonly host: string;
  readonly role: "DPS" | "the hub";
}

/** The errors of an attempt or connection from every layer; the lowest layer with an error counts. */
export interface Failure {
  readonly peer: Peer;
  /** The first error of socket, TLS or MQTT.js. */
  readonly wire?: unknown;
  /** The SDK's error. */
  readonly sdk?: unknown;
  /** The CONNACK return code of a refusal. */
  readonly returnCode?: number | undefined;
  /** Status of DPS's last answer. */
  readonly status?: number | undefined;
  readonly timedOut?: boolean;
}

const texts: Readonly<Record<CauseCode, (peer: Peer) => string>> = {
  "clock-wrong": (peer) =>
    `The clock is wrong, or the certificate of ${peer.host} is not valid now. Set the clock (is NTP ` +
    "reachable?); if the clock is right, the certificate must be renewed.",
  "untrusted-ca": (peer) =>
    `The certificate of ${peer.host} is not trusted. For a local hub, set "caFile" to its CA certificate; otherwise ` +
    "a proxy may intercept TLS.",
  "host-not-granted": (peer) =>
    `Connections to ${peer.host} are not allowed. Add "${hostAndPort(peer.host).host}" to "AllowedConnections" in ` +
    "app_manifest.json.",
  "key-refused": (peer) =>
    peer.role === "DPS"
      ? `DPS refused this device. Check id scope, registration id, key or certificate, its enrollment${checkHint}`
      : `The hub refused this device. Check id, key or certificate, whether it is enabled${checkHint}`,
  disabled: (peer) => `This device is disabled at ${peer.role}. Enable it there.`,
  "host-not-found": (peer) => `The DNS lookup of ${peer.host} failed. Check the name, the network and DNS.`,
  "host-unreachable": (peer) =>
    `${peer.host} cannot be reached. Check the network, and whether a firewall allows port ` +
    `${hostAndPort(peer.host).port}.`,
  throttled: (peer) => `${peer.role} throttles this device. Waiting.`,
  "service-failed": (peer) => `${peer.role} reports an internal failure. Waiting.`,
  "duplicate-id": () =>
    "The hub ends each connection soon after it was opened: does another device or program use the same id?",
  timeout: (peer) => `${peer.host} did not answer in time. Check the network; trying again.`,
  dropped: (peer) => `The connection to ${peer.host} was lost. Trying again.`,
  renewal: () => "The token expires soon; reconnecting.",
  protocol: (peer) => `${peer.host} does not speak the expected protocol. Check host and port.`,
  unknown: (peer) => `The connection to ${peer.host} failed. Trying again.`,
};

const checkHint = ", and the clock. To show the configured credentials: grove-heater credentials check";

export const cause = (code: CauseCode, peer: Peer, detail = ""): LinkCause => ({
  code,
  text: texts[code](peer),
  detail: scrub(detail),
});

/** Determines the cause of a failure. Never throws. */
export function classify(failure: Failure): LinkCause {
  const { peer, wire, sdk, returnCode, status } = failure;
  const found =
    byReturnCode(returnCode) ??
    networkFailureOf(wire) ??
    byStatus(status) ??
    byRegistration(sdk) ??
    networkFailureOf(sdk);
  const detail = returnCode === undefined ? detailOf(wire ?? sdk) : `CONNACK ${returnCode}`;
  if (found !== undefined) return cause(found, peer, detail);
  if (failure.timedOut === true) return cause("timeout", peer, detail);
  return cause(isSilence(wire ?? sdk) ? "dropped" : "unknown", peer, detail);
}

/** The SDK's error for a socket that ended without an error. */
const isSilence = (error: unknown): boolean =>
  error === undefined || (error instanceof Error && error.name === "NotConnectedError");

/** MQTT 3.1.1, section 3.2.2.3; IoT Hub answers 3 while it throttles and 5 to a bad token or a disabled device. */
function byReturnCode(code: number | undefined): CauseCode | undefined {
  if (code === undefined || code === 0) return undefined;
  if (code === 3) return "throttled";
  return code === 1 ? "protocol" : "key-refused";
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
  // The SDK attaches the registration state, which has the error code and message of DPS.
  const state = result?.registrationState;
  if (isRecord(state)) return `${error.message} ${JSON.stringify(state)}`;
  return reasonOf(error);
}
