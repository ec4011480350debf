/**
 * Creates the SDK's objects: client, transport, message.
 *
 * Guarantee: the client neither retries nor renews its token by itself (its silent reconnect after 45 minutes loses all
 * subscriptions), and its errors have a listener.
 */
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { hours, type Millis, type WallMillis } from "../../base/units.ts";
import type { CertificateProof, HubTarget, KeyProof } from "../credentials/credentials.ts";
import type { TelemetryMessage } from "../link/link.ts";
import type { MqttBase } from "./sdk.ts";
import { Client, encodeUriComponentStrict, Message, Mqtt, NoRetry, SharedAccessSignature } from "./sdk.ts";

export type Transport = InstanceType<typeof Mqtt>;
export type SdkClient = InstanceType<typeof Client>;

export interface Identity {
  readonly target: HubTarget;
  readonly proof: KeyProof | CertificateProof;
  readonly clock: Clock;
  /** Validity of the token. */
  readonly tokenMs: Millis;
}

/** A new client that uses `base`, and its transport. */
export function makeClient(
  { target, proof, clock, tokenMs }: Identity,
  base: InstanceType<typeof MqttBase>,
): { readonly client: SdkClient; readonly transport: Transport } {
  const made: Transport[] = [];
  class GuardedMqtt extends Mqtt {
    constructor(authentication: ConstructorParameters<typeof Mqtt>[0]) {
      super(authentication, base);
      made.push(this);
    }
  }
  const client =
    proof.kind === "key"
      ? Client.fromSharedAccessSignature(
          signToken(target, proof.key.reveal(), clock.wallNow(), tokenMs),
          GuardedMqtt,
        )
      : Client.fromConnectionString(
          `HostName=${target.host};DeviceId=${target.deviceId};x509=true`,
          GuardedMqtt,
        );
  const [transport] = made;
  if (transport === undefined) throw new Error("the SDK made no transport");
  client.setRetryPolicy(new NoRetry());
  const ignore = () => {};
  client.on("error", ignore);
  transport.on("error", ignore);
  return { client, transport };
}

/** Signed here: the SDK creates tokens only together with a renewal timer. */
function signToken(target: HubTarget, key: string, wallMs: WallMillis, validMs: Millis): string {
  const resource = encodeUriComponentStrict(`${target.host}/devices/${target.deviceId}`);
  const expiryS = Math.floor((wallMs + Math.min(validMs, maxTokenLifetime)) / 1000);
  return SharedAccessSignature.create(resource, "", key, expiryS).toString();
}

const maxTokenLifetime = hours(24 * 365);

export function sdkMessage({ messageId, body, createdMs, component, properties }: TelemetryMessage) {
  const message = new Message(body);
  message.messageId = messageId;
  message.contentType = "application/json";
  message.contentEncoding = "utf-8";
  // Without a creation time receivers use the arrival time; "unknown" marks that.
  if (createdMs === undefined) message.properties.add("creation-time", "unknown");
  else message.properties.add("iothub-creation-time-utc", isoTime(createdMs));
  // The SDK sends it in the topic as `$.sub`, from which IoT Central reads the component.
  if (component !== undefined) message.properties.add("dt-subject", component);
  for (const [name, value] of Object.entries(properties ?? {})) message.properties.add(name, value);
  return message;
}
