/**
 * Why there is no connection to the broker: a code, and a message with the next step.
 *
 * Guarantee: every failure gets a code, and no message contains a secret.
 */
import { messageOf, reasonOf } from "../../base/errors.ts";
import { type NetworkFailure, networkFailureOf } from "../../base/network-failure.ts";

export type CauseCode =
  | NetworkFailure
  /** User, password or certificate are not accepted. */
  | "refused"
  | "id-refused"
  /** The broker itself cannot serve now. */
  | "unavailable"
  | "topics-refused"
  /** Another client with the same id keeps replacing this one. */
  | "duplicate-id"
  /** A packet larger than any message for this device. */
  | "oversized"
  | "unknown";

export interface BrokerCause {
  readonly code: CauseCode;
  /** A sentence with the next step. */
  readonly text: string;
  /** For the log. */
  readonly detail: string;
  /** The broker closed the connection cleanly. */
  readonly closedByPeer?: boolean;
}

/** Host and port, for messages. */
export interface Peer {
  readonly host: string;
  readonly port: number;
}

const texts: Readonly<Record<CauseCode, (peer: Peer) => string>> = {
  "clock-wrong": ({ host }) =>
    `The clock is wrong, or the certificate of ${host} is not valid now. Set the clock; if it is right, renew the certificate.`,
  "untrusted-ca": ({ host }) =>
    `The certificate of ${host} is not trusted. Name the authority that issued it as "caFile" in mqtt.json.`,
  "host-not-granted": ({ host }) =>
    `Connections to ${host} are not allowed. Add "${host}" to "AllowedConnections" in app_manifest.json, then restart.`,
  "host-not-found": ({ host }) =>
    `The DNS lookup of ${host} failed. Check the name; where ".local" names do not work, use the broker's address.`,
  "host-unreachable": ({ host, port }) =>
    `${host} cannot be reached. Check that the broker runs and listens on port ${port}.`,
  timeout: ({ host, port }) => `${host} did not answer on port ${port} in time. Trying again.`,
  dropped: ({ host }) => `The connection to ${host} was lost. Trying again.`,
  "key-refused": ({ host }) =>
    `${host} refused this device's certificate. Check "certificateFile" and "keyFile" in mqtt.json.`,
  protocol: ({ host, port }) =>
    `Port ${port} of ${host} does not speak MQTT as expected. Check the port, and mqtt:// or mqtts:// in mqtt.json.`,
  refused: ({ host }) =>
    `The broker ${host} refused this device. Check "user" and "password" in mqtt.json, and the broker's rules.`,
  "id-refused": ({ host }) => `The broker ${host} refused the client id. Set another "id" in mqtt.json.`,
  unavailable: ({ host }) => `The broker ${host} cannot serve now. Trying again.`,
  "topics-refused": ({ host }) =>
    `The broker ${host} does not let this device subscribe to its topics. Check the rules of its user at the broker.`,
  "duplicate-id": () =>
    'The broker ends each connection soon after it was opened: does another device use the same "id" in mqtt.json?',
  oversized: ({ host }) => `The broker ${host} sent more than this device can use. Trying again slowly.`,
  unknown: ({ host }) => `The connection to ${host} failed. Trying again.`,
};

/** Causes that need a fix by a person: retried slowly, and shown as a fault. */
const fixedByPerson: readonly CauseCode[] = [
  "untrusted-ca",
  "host-not-granted",
  "key-refused",
  "protocol",
  "refused",
  "id-refused",
  "topics-refused",
  "duplicate-id",
];

export const needsPerson = ({ code }: BrokerCause): boolean => fixedByPerson.includes(code);

export const cause = (code: CauseCode, peer: Peer, detail = ""): BrokerCause => ({
  code,
  text: texts[code](peer),
  detail: detail.slice(0, 300),
});

/** MQTT 3.1.1, section 3.2.2.3. */
const byReturnCode: Readonly<Record<number, CauseCode>> = {
  1: "protocol",
  2: "id-refused",
  3: "unavailable",
  4: "refused",
  5: "refused",
};

/** Determines the cause of a failure. Never throws. */
export function causeOf(error: unknown, peer: Peer): BrokerCause {
  if (error === undefined) return cause("dropped", peer);
  const returnCode = error instanceof Error && "code" in error ? Number(error.code) : Number.NaN;
  const code = byReturnCode[returnCode] ?? networkFailureOf(error);
  if (code !== undefined) return cause(code, peer, reasonOf(error));
  // MQTT.js reports parse errors only as text.
  const isGarbage = /packet|header|protocol/i.test(messageOf(error));
  return cause(isGarbage ? "protocol" : "unknown", peer, messageOf(error));
}
