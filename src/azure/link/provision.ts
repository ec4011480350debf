/**
 * Registers the device at DPS, which assigns its hub.
 *
 * Guarantee: settles within `provisionMs`, leaves no socket, timer or throwing listener behind, and accepts only a
 * well-formed hub name. The SDK would poll a throttling DPS for ever: here the first such answer ends it.
 */

import type { Clock } from "../../base/clock.ts";
import { asError } from "../../base/errors.ts";
import { isRecord } from "../../base/json/value.ts";
import { read } from "../../base/schema/schema.ts";
import { millis } from "../../base/units.ts";
import { hubTarget } from "../credentials/connection-string.ts";
import type { CertificateProof, DpsTarget, HubTarget, KeyProof } from "../credentials/credentials.ts";
import { GuardedMqttBase, type MessageFilter } from "../sdk/guarded-base.ts";
import { readInbound } from "../sdk/inbound.ts";
import {
  ProvisioningDeviceClient,
  ProvisioningMqtt,
  SymmetricKeySecurityClient,
  X509Security,
} from "../sdk/sdk.ts";
import { Wire } from "../sdk/wire.ts";
import { Calls, NoAnswer } from "./calls.ts";
import { cause, classify, type Peer } from "./cause.ts";
import { LinkFailure } from "./link-failure.ts";
import type { CloudTuning } from "./tuning.ts";

export interface ProvisionOptions {
  readonly target: DpsTarget;
  readonly proof: KeyProof | CertificateProof;
  readonly modelId: string;
  readonly caPem: string | undefined;
  readonly refuseHost: ((host: string) => Error | undefined) | undefined;
  readonly clock: Clock;
  readonly tuning: CloudTuning;
  readonly signal: AbortSignal;
}

const grace = millis(100);

/** @throws LinkFailure */
export async function provision(options: ProvisionOptions): Promise<HubTarget> {
  const { target, clock, tuning, signal } = options;
  const peer: Peer = { host: target.endpoint, role: "DPS" };
  const wire = new Wire({ ...options, ...tuning, host: target.endpoint });
  const calls = new Calls(clock);
  let status: number | undefined;
  let retryAfterMs: number | undefined;
  const closedError = new Error("the connection ended");
  let cancelGrace = () => {};
  let cancel = () => {};
  const filter: MessageFilter = (topic, payload) => {
    const reply = readInbound(topic, payload);
    if (reply.kind !== "registration-reply") return undefined;
    status = reply.status;
    retryAfterMs = reply.retryAfterS === undefined ? undefined : reply.retryAfterS * 1000;
    if (status < 429) return status < 300 ? payload : withJsonBody(payload);
    calls.end(new Error(`DPS answered ${status}`));
    return undefined;
  };
  const abort = () => calls.end(new Error("closing"));
  signal.addEventListener("abort", abort);
  try {
    const fail = (error: unknown) => calls.end(asError(error));
    // `onError` bypasses the SDK's transport: an error while it disconnects makes it call a missing callback.
    const base = new GuardedMqttBase(wire, { filter, onFault: fail, onError: fail });
    const registered = await calls.make<unknown>(tuning.provisionMs, (done) => {
      cancel = register(options, base, done);
      // The SDK does not always notice a closed socket; after a clean end its callback comes a moment later.
      wire.onEnd(() => {
        cancelGrace = clock.setTimer(grace, () => done(wire.error ?? closedError));
      });
    });
    return readAssignment(registered, peer);
  } catch (error) {
    if (error instanceof LinkFailure) throw error;
    const timedOut = error instanceof NoAnswer;
    const { error: wireError, returnCode } = wire;
    const sdk = error === closedError ? undefined : error;
    const why = classify({ peer, wire: wireError, sdk, returnCode, status, timedOut });
    throw new LinkFailure(why.code === "throttled" ? { ...why, retryAfterMs } : why);
  } finally {
    signal.removeEventListener("abort", abort);
    cancel();
    wire.destroy();
    cancelGrace();
  }
}

/** @returns cancels it, with the SDK's timers */
function register(
  { target, proof, modelId }: ProvisionOptions,
  base: GuardedMqttBase,
  done: (error?: unknown, value?: unknown) => void,
): () => void {
  const transport = new ProvisioningMqtt(base);
  // Without a listener, a socket error during the registration would end the process.
  transport.on("error", (error) => done(error));
  const security =
    proof.kind === "key"
      ? new SymmetricKeySecurityClient(target.registrationId, proof.key.reveal())
      : new X509Security(target.registrationId, { cert: proof.certificatePem, key: proof.keyPem.reveal() });
  const client = ProvisioningDeviceClient.create(target.endpoint, target.idScope, transport, security);
  client.setProvisioningPayload({ modelId });
  void client.register((error, result) => done(error, result));
  return () => void client.cancel(() => {});
}

/** The SDK parses the body of an error too, and throws for an empty one. */
function withJsonBody(payload: Uint8Array): Uint8Array {
  try {
    JSON.parse(Buffer.from(payload).toString("utf8"));
    return payload;
  } catch {
    return Buffer.from("{}");
  }
}

function readAssignment(registered: unknown, peer: Peer): HubTarget {
  const { assignedHub: host, deviceId } = isRecord(registered) ? registered : {};
  const target = read(hubTarget, { host, deviceId });
  if (target === undefined) throw new LinkFailure(cause("protocol", peer, "no hub in the answer"));
  return target;
}
