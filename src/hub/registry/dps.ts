/**
 * The Device Provisioning Service: registers an authenticated device and assigns it to this hub.
 *
 * Guarantee: registers only the caller, with the credentials of its login; a repeated request changes nothing.
 */
import { randomUUID } from "node:crypto";
import type { Client } from "aedes";
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { equalJson, type Json } from "../../base/json/value.ts";
import { readText } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { lenient, string } from "../../base/schema/values.ts";
import { mqttPort } from "../../protocol/names.ts";
import { withPort } from "../host-names.ts";
import { dpsAnswer, parseDpsTopic } from "../mqtt/topics.ts";
import type { Timeline } from "../twin/timeline.ts";
import { type Devices, maxDevices } from "./devices.ts";
import { type Authentication, type DeviceRecord, newDevice, newEtag } from "./record.ts";

export interface DpsParts {
  readonly clock: Clock;
  readonly devices: Devices;
  readonly timeline: Timeline;
  /** Port of the assigned hub. */
  readonly hubPort: () => number;
  readonly onDevice: (deviceId: string) => void;
}

const noModel = { modelId: "" };
/** A registration request; other members are ignored. */
const registration = object({
  registrationId: lenient(string(), () => undefined),
  payload: lenient(object({ modelId: lenient(string(), () => "") }), () => noModel),
});

/** The result of the login. */
export interface Registrant {
  readonly deviceId: string;
  readonly authentication: Authentication;
  /** The host name that the device connected to. */
  readonly reachedAs: string;
}

/** Seconds until the device polls the result. Azure uses 3. */
const retryAfter = 1;

/** One connection to DPS. */
export class DpsSession {
  readonly #parts: DpsParts;
  readonly #client: Client;
  readonly #registrationId: string;
  readonly #deviceId: string;
  readonly #authentication: Authentication;
  readonly #reachedAs: string;
  #operationId: string | undefined;

  constructor(parts: DpsParts, client: Client, registrationId: string, registrant: Registrant) {
    this.#parts = parts;
    this.#client = client;
    this.#registrationId = registrationId;
    this.#deviceId = registrant.deviceId;
    this.#authentication = registrant.authentication;
    this.#reachedAs = registrant.reachedAs;
  }

  /** @returns false when it is not a DPS request */
  request(topic: string, payload: string): boolean {
    const request = parseDpsTopic(topic);
    if (request === undefined) return false;
    if (request.kind === "register") void this.#register(request.rid, payload).catch(() => undefined);
    else this.#status(request.rid, request.operationId);
    return true;
  }

  async #register(rid: string, payload: string): Promise<void> {
    const request = readText(registration, payload);
    if (request === undefined || (request.registrationId ?? this.#registrationId) !== this.#registrationId) {
      return this.#refuse(rid, 400, "the registration id is not that of this connection");
    }
    const { devices } = this.#parts;
    if (devices.get(this.#deviceId) === undefined && devices.size >= maxDevices) {
      return this.#refuse(rid, 403, `this hub has its maximum of ${maxDevices} devices`);
    }
    await this.#assign(request.payload.modelId);
    this.#operationId = `4.${randomUUID()}`;
    this.#answer(dpsAnswer(202, rid, retryAfter), { operationId: this.#operationId, status: "assigning" });
  }

  #status(rid: string, operationId: string): void {
    const record = this.#parts.devices.get(this.#deviceId);
    if (operationId !== this.#operationId || record === undefined) {
      this.#refuse(rid, 404, "there is no such operation");
      return;
    }
    const at = isoTime(this.#parts.clock.wallNow());
    this.#answer(dpsAnswer(200, rid), {
      operationId,
      status: "assigned",
      registrationState: {
        registrationId: this.#registrationId,
        createdDateTimeUtc: at,
        assignedHub: withPort(this.#reachedAs, this.#parts.hubPort(), mqttPort),
        deviceId: this.#deviceId,
        status: "assigned",
        substatus: "initialAssignment",
        lastUpdatedDateTimeUtc: at,
        etag: record.etag,
      },
    });
  }

  async #assign(modelId: string): Promise<void> {
    const { clock, devices, timeline, onDevice } = this.#parts;
    const known = devices.get(this.#deviceId);
    const kept: DeviceRecord = known ?? newDevice(this.#deviceId, this.#authentication, clock.wallNow());
    const isSame = equalJson({ ...kept.authentication }, { ...this.#authentication });
    const record: DeviceRecord = {
      ...kept,
      authentication: this.#authentication,
      modelId: modelId === "" ? kept.modelId : modelId.slice(0, 256),
      etag: isSame ? kept.etag : newEtag(),
    };
    if (known !== undefined && isSame && record.modelId === known.modelId) return;
    await devices.put(record);
    if (known === undefined || !isSame) {
      timeline.add({
        deviceId: this.#deviceId,
        kind: "provisioned",
        actor: "device",
        text: `registered through DPS with ${credentialText(this.#authentication)}`,
      });
    }
    onDevice(this.#deviceId);
  }

  #refuse(rid: string, status: number, message: string): void {
    const timestampUtc = isoTime(this.#parts.clock.wallNow());
    this.#answer(dpsAnswer(status, rid), { errorCode: status * 1000, trackingId: "", message, timestampUtc });
  }

  #answer(topic: string, body: Json): void {
    const payload = JSON.stringify(body);
    this.#client.publish({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false }, () => {});
  }
}

const credentialText = (authentication: Authentication): string =>
  authentication.type === "sas" ? "a symmetric key" : "a certificate";
