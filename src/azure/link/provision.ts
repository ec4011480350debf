/**
 * Asks DPS which hub this device belongs to.
 *
 * Guarantee: settles within `provisionMs`, leaves no socket, timer or listener that could throw behind, and takes no
 * hub name but a well-formed one. The SDK would poll a throttled DPS for ever: the first such answer ends it here.
 */

import type { Clock } from "../../base/clock.ts";
import { asError } from "../../base/errors.ts";
import { isRecord } from "../../base/json/value.ts";
import { millis } from "../../base/units.ts";
import { isHost } from "../../protocol/host.ts";
import { isDeviceId } from "../../protocol/ids.ts";
import type { CertificateProof, DpsWay, HubWay, KeyProof } from "../credentials/credentials.ts";
import { GuardedMqttBase, type Screen } from "../sdk/guarded-base.ts";
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
  readonly way: DpsWay;
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
export async function provision(options: ProvisionOptions): Promise<HubWay> {
  const { way, clock, tuning, signal } = options;
  const peer: Peer = { host: way.endpoint, role: "DPS" };
  const wire = new Wire({ ...options, ...tuning, host: way.endpoint });
  const calls = new Calls(clock);
  let status: number | undefined;
  let retryAfterMs: number | undefined;
  const hungUp = new Error("the connection ended");
  let cancelGrace = () => {};
  let cancel = () => {};
  const screen: Screen = (topic, payload) => {
    const reply = readInbound(topic, payload);
    if (reply.kind !== "registration-reply") return undefined;
    status = reply.status;
    retryAfterMs = reply.retryAfterS === undefined ? undefined : reply.retryAfterS * 1000;
    if (status < 429) return status < 300 ? payload : saneRefusal(payload);
    calls.end(new Error(`DPS answered ${status}`));
    return undefined;
  };
  const abort = () => calls.end(new Error("closing"));
  signal.addEventListener("abort", abort);
  try {
    const fail = (error: unknown) => calls.end(asError(error));
    // Told of an error while it disconnects, the SDK's transport would call a callback that is not there.
    const base = new GuardedMqttBase(wire, { screen, onFault: fail, onError: fail });
    const registered = await calls.make<unknown>(tuning.provisionMs, (done) => {
      cancel = register(options, base, done);
      // The SDK does not always notice that its socket is gone; after an orderly end it calls back a moment later.
      wire.onEnd(() => {
        cancelGrace = clock.setTimer(grace, () => done(wire.error ?? hungUp));
      });
    });
    return readAssignment(registered, peer);
  } catch (error) {
    if (error instanceof LinkFailure) throw error;
    const timedOut = error instanceof NoAnswer;
    const { error: wireError, returnCode } = wire;
    const sdk = error === hungUp ? undefined : error;
    const why = classify({ peer, wire: wireError, sdk, returnCode, status, timedOut });
    throw new LinkFailure(why.code === "throttled" ? { ...why, retryAfterMs } : why);
  } finally {
    signal.removeEventListener("abort", abort);
    cancel();
    wire.destroy();
    cancelGrace();
  }
}

/** Returns what ends it, with the SDK's timers. */
function register(
  { way, proof, modelId }: ProvisionOptions,
  base: GuardedMqttBase,
  done: (error?: unknown, value?: unknown) => void,
): () => void {
  const transport = new ProvisioningMqtt(base);
  // Without a listener a socket lost during the registration would end the process.
  transport.on("error", (error) => done(error));
  const security =
    proof.kind === "key"
      ? new SymmetricKeySecurityClient(way.registrationId, proof.key.reveal())
      : new X509Security(way.registrationId, { cert: proof.certificatePem, key: proof.keyPem.reveal() });
  const client = ProvisioningDeviceClient.create(way.endpoint, way.idScope, transport, security);
  client.setProvisioningPayload({ modelId });
  void client.register((error, result) => done(error, result));
  return () => void client.cancel(() => {});
}

/** The SDK parses the body of a refusal too, and an empty one would throw. */
function saneRefusal(payload: Uint8Array): Uint8Array {
  try {
    JSON.parse(Buffer.from(payload).toString("utf8"));
    return payload;
  } catch {
    return Buffer.from("{}");
  }
}

function readAssignment(registered: unknown, peer: Peer): HubWay {
  const { assignedHub: host, deviceId } = isRecord(registered) ? registered : {};
  if (typeof host !== "string" || !isHost(host) || typeof deviceId !== "string" || !isDeviceId(deviceId)) {
    throw new LinkFailure(cause("protocol", peer, "no hub in the answer"));
  }
  return { kind: "hub", host, deviceId };
}
