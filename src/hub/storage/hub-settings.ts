/**
 * The hub's settings: id scope, shared access policies and DPS enrolments.
 *
 * Guarantee: each hub creates its own keys at its first start and stores them with mode 0600.
 */
import { randomBytes } from "node:crypto";
import { equalJson } from "../../base/json/value.ts";
import type { Log } from "../../base/log.ts";
import { read, type Schema } from "../../base/schema/schema.ts";
import { map, object, validItems } from "../../base/schema/structures.ts";
import { boolean, convert, integer, lenient, oneOf, optional, string } from "../../base/schema/values.ts";
import type { RememberedPorts } from "../hub-options.ts";
import { type Authentication, newKey, storedAuthentication } from "../registry/record.ts";
import type { Documents } from "./documents.ts";

/** Rights of a shared access policy, as IoT Hub names them. */
export type Right = "RegistryRead" | "RegistryWrite" | "ServiceConnect" | "DeviceConnect";

/** The default policies of every IoT Hub. */
const policyRights: Readonly<Record<string, readonly Right[]>> = {
  iothubowner: ["RegistryRead", "RegistryWrite", "ServiceConnect", "DeviceConnect"],
  service: ["ServiceConnect"],
  device: ["DeviceConnect"],
  registryRead: ["RegistryRead"],
  registryReadWrite: ["RegistryRead", "RegistryWrite"],
};

/** The rights of a policy; none for an unknown one. */
export const rightsOf = (policy: string | undefined): readonly Right[] =>
  policy !== undefined && Object.hasOwn(policyRights, policy) ? (policyRights[policy] ?? []) : [];

export interface PolicyKeys {
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

/** The enrolment of one device. */
export interface IndividualEnrolment {
  readonly registrationId: string;
  readonly deviceId: string;
  readonly enabled: boolean;
  readonly authentication: Authentication;
}

export interface GroupEnrolment {
  readonly name: string;
  readonly enabled: boolean;
  /** Device keys are derived from these. Empty for `x509`, which accepts any leaf signed by the hub's CA. */
  readonly kind: "symmetricKey" | "x509";
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

interface Kept {
  readonly idScope: string;
  readonly policies: Readonly<Record<string, PolicyKeys>>;
  readonly groups: readonly GroupEnrolment[];
  readonly individuals: readonly IndividualEnrolment[];
  readonly ports: RememberedPorts;
}

export class HubSettings {
  readonly #documents: Documents;
  #kept: Kept;
  #saved: boolean;

  private constructor(documents: Documents, kept: Kept, saved: boolean) {
    this.#documents = documents;
    this.#kept = kept;
    this.#saved = saved;
  }

  static async open(documents: Documents, log: Log): Promise<HubSettings> {
    const stored = await documents.read("hub", (document) => read(storedSettings, document));
    if (stored !== undefined) return new HubSettings(documents, stored, true);
    const settings = new HubSettings(documents, fresh(), false);
    await settings.#save(settings.#kept);
    log.info("hub-made", { idScope: settings.idScope });
    return settings;
  }

  get idScope(): string {
    return this.#kept.idScope;
  }

  get groups(): readonly GroupEnrolment[] {
    return this.#kept.groups;
  }

  policy(name: string): PolicyKeys | undefined {
    return Object.hasOwn(this.#kept.policies, name) ? this.#kept.policies[name] : undefined;
  }

  individual(registrationId: string): IndividualEnrolment | undefined {
    return this.#kept.individuals.find((each) => each.registrationId === registrationId);
  }

  get ports(): RememberedPorts {
    return this.#kept.ports;
  }

  /** Stores the given ports. Never fails: without them the next start finds others. */
  async rememberPorts(ports: RememberedPorts): Promise<void> {
    const all = { ...this.#kept.ports, ...ports };
    if (equalJson(all, this.#kept.ports)) return;
    await this.#save({ ...this.#kept, ports: all }).catch(() => undefined);
  }

  async putIndividual(enrolment: IndividualEnrolment): Promise<void> {
    const isOther = (each: IndividualEnrolment): boolean => each.registrationId !== enrolment.registrationId;
    const known = this.individual(enrolment.registrationId);
    // Not written again, so that a start on a read-only disk succeeds.
    if (this.#saved && equalJson(known, enrolment)) return;
    await this.#save({ ...this.#kept, individuals: [...this.#kept.individuals.filter(isOther), enrolment] });
  }

  async putGroup(group: GroupEnrolment): Promise<void> {
    const others = this.#kept.groups.filter((each) => each.name !== group.name);
    await this.#save({ ...this.#kept, groups: [...others, group] });
  }

  async #save(kept: Kept): Promise<void> {
    this.#kept = kept;
    this.#saved = false;
    // Twice: then both generations have the newest enrolment, and damage to one file rejects no device.
    await this.#documents.write("hub", kept);
    await this.#documents.write("hub", kept);
    this.#saved = true;
  }
}

function fresh(): Kept {
  const keys = (): PolicyKeys => ({ primaryKey: newKey(), secondaryKey: newKey() });
  return {
    // Azure's begin with 0ne; this prefix marks a local hub.
    idScope: `L0${randomBytes(4).toString("hex").toUpperCase()}`,
    policies: Object.fromEntries(Object.keys(policyRights).map((name) => [name, keys()])),
    groups: [
      { name: "keys", enabled: true, kind: "symmetricKey", ...keys() },
      { name: "certificates", enabled: true, kind: "x509", primaryKey: "", secondaryKey: "" },
    ],
    individuals: [],
    ports: {},
  };
}

const text = lenient(string(), () => "");
const isEnabled = lenient(boolean, () => false);
const keys = { primaryKey: text, secondaryKey: text };
const port = optional(integer(1, 65_535));

const group: Schema<GroupEnrolment> = object({
  ...keys,
  name: text,
  enabled: isEnabled,
  kind: lenient(oneOf(["symmetricKey", "x509"]), () => "symmetricKey" as const),
});

const individual: Schema<IndividualEnrolment> = convert(
  object({
    registrationId: string(),
    deviceId: lenient(string(), () => undefined),
    enabled: isEnabled,
    authentication: storedAuthentication,
  }),
  (stored) => ({ ...stored, deviceId: stored.deviceId ?? stored.registrationId }),
);

/** Also of earlier versions, for instance without ports. */
const storedSettings: Schema<Kept> = object({
  idScope: string(),
  policies: map(lenient(object(keys), () => ({ primaryKey: "", secondaryKey: "" }))),
  groups: validItems(group),
  individuals: validItems(individual),
  ports: lenient(object({ mqtt: port, rest: port, page: port }), () => ({})),
});
