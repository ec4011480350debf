/**
 * Folder link/: the connection to the MQTT broker: opens, classifies failures, waits, opens again.
 *
 * The interface of one connection to a broker, and its error.
 *
 * Guarantee of an implementation: at most one socket; every promise settles; after `ended` no message arrives.
 */
import type { Clock } from "../../base/clock.ts";
import type { BrokerCause } from "./cause.ts";
import type { BrokerTuning } from "./tuning.ts";

/** A secret text, which is masked when it is printed or logged. */
export interface Hidden {
  reveal(): string;
}

/** Address of the broker, and this device's credentials for it. */
export interface BrokerAccess {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly user?: string | undefined;
  readonly password?: Hidden | undefined;
  /** Authorities to trust in place of the public ones, PEM. */
  readonly caPem?: string | undefined;
  readonly certificatePem?: string | undefined;
  readonly keyPem?: Hidden | undefined;
}

export interface RetainedMessage {
  readonly topic: string;
  readonly text: string;
}

export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The broker had stored it: it may be old. */
  readonly retained: boolean;
}

export interface BrokerOptions {
  readonly access: BrokerAccess;
  readonly clientId: string;
  /** The message that the broker publishes for this device when the connection breaks. */
  readonly will: RetainedMessage;
  readonly clock: Clock;
  readonly tuning: BrokerTuning;
  /** The capability gate, for a host without port. */
  readonly refuseHost?: ((host: string) => Error | undefined) | undefined;
  /** Must not throw. */
  readonly onMessage: (message: ReceivedMessage) => void;
}

export interface BrokerConnection {
  /** Resolves when the broker has accepted this device. @throws BrokerFailure */
  readonly opened: Promise<void>;
  /** Resolves once, with the cause. */
  readonly ended: Promise<BrokerCause>;
  /** With QoS 1. @throws BrokerFailure, also when the broker refuses one */
  subscribe(topics: readonly string[]): Promise<void>;
  /** Retained, with QoS 1; resolves with the broker's PUBACK. @throws BrokerFailure */
  publish(message: RetainedMessage): Promise<void>;
  /** Disconnects cleanly, so that the broker does not publish the will; within `closeMs`. */
  close(): Promise<void>;
}

export type OpenBroker = (options: BrokerOptions) => BrokerConnection;

export class BrokerFailure extends Error {
  override readonly name = "BrokerFailure";
  readonly failure: BrokerCause;

  constructor(failure: BrokerCause) {
    super(failure.text);
    this.failure = failure;
  }
}
