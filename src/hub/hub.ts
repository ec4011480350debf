/**
 * Folder hub/: a local DPS and IoT Hub with a page, for genuine device and service SDKs.
 *
 * It implements Azure's protocols on this machine, for development or a single household.
 *
 * Guarantees: by default it listens on loopback only and stores nothing; with a folder it stores keys, certificates,
 * devices and twins there, mode 0600. Every client must authenticate. `close` ends every connection, and when it
 * resolves everything is saved.
 */
import { X509Certificate } from "node:crypto";
import { checkRegistrationId, deviceConnectionString, enrolWithKey } from "./enrolment.ts";
import { HostNames, isLoopback } from "./host-names.ts";
import { type HubCore, openHubCore } from "./hub-core.ts";
import { closeFaces, type Faces, openFaces } from "./hub-faces.ts";
import type { HubAddresses, HubOptions } from "./hub-options.ts";
import { certificateAuthentication } from "./registry/record.ts";
import { openAuthority } from "./storage/certificates.ts";
import { type DamagedDocument, type Documents, memoryDocuments, openDocuments } from "./storage/documents.ts";

export type { HubAddresses, HubOptions, PortChoice, RememberedPorts } from "./hub-options.ts";

/** What a device needs to connect. Secret, except scope and hosts. */
export interface DeviceCredentials {
  readonly registrationId: string;
  readonly idScope: string;
  readonly provisioningHost: string;
  readonly symmetricKey: string;
  /** For a device that connects to the hub directly, without DPS. */
  readonly connectionString: string;
}

export interface CertificateCredentials {
  readonly registrationId: string;
  readonly idScope: string;
  readonly provisioningHost: string;
  readonly cert: string;
  readonly key: string;
}

export interface RunningHub {
  readonly addresses: HubAddresses;
  /** PEM of the authority that devices and service clients must trust. Public. */
  readonly caPem: string;
  /** The parts of the hub, for callers in the same process. */
  readonly core: HubCore;
  /**
   * Enrols one device with its own key; repeated, the key stays. @throws RangeError for an id that DPS does not accept
   */
  enrolDevice(registrationId: string): Promise<DeviceCredentials>;
  /** Issues a certificate signed by the hub's authority, which DPS accepts. */
  enrolCertificate(registrationId: string, days?: number): Promise<CertificateCredentials>;
  /**
   * Enrols one certificate by its thumbprint, whatever authority signed it. @param cert PEM @throws RangeError as above
   */
  enrolThumbprint(registrationId: string, cert: string): Promise<void>;
  /** Key of the symmetric group, from which device keys are derived. Secret. */
  groupKey(): string;
  /** For service clients such as `azure-iothub`. Secret. @throws RangeError for an unknown policy */
  serviceConnectionString(policy?: string): string;
  close(): Promise<void>;
}

/**
 * Starts a hub.
 * @throws Error with `code`: a port is taken (`EADDRINUSE`), the folder is not writable (`EACCES`), or the host is not
 *   loopback and there is no password (`password-needed`)
 */
export async function startHub(options: HubOptions): Promise<RunningHub> {
  const { clock, log, host = "127.0.0.1", pagePassword } = options;
  const exposed = !isLoopback(host);
  if (exposed && (pagePassword === undefined || pagePassword.length < minPasswordLength))
    throw passwordNeeded(host);
  const names = new HostNames(host, options.hostNames);
  const documents = await openStore(options);
  const authority = await openAuthority(documents, () => names.all(), clock.wallNow());
  const core = await openHubCore(clock, log, documents);
  if (authority.isNew && core.devices.size > 0) log.warn("hub-authority-made", { now: newAuthority });
  const faces: Faces = { authority, clock, log, core, host, names, exposed, closing: [] };
  try {
    const addresses = await openFaces(faces, options);
    if (exposed) log.warn("hub-exposed", { host, page: addresses.pageUrl });
    return running(faces, addresses);
  } catch (error) {
    await closeFaces(faces);
    throw error;
  }
}

const minPasswordLength = 8;
const newAuthority =
  "copy the new CA certificate to manually enrolled devices; this machine's device receives it";

const passwordNeeded = (host: string): Error =>
  Object.assign(
    new Error(
      `listening on ${host} exposes the hub's page to other machines: set a password of ${minPasswordLength} characters ` +
        "or more, or listen on 127.0.0.1",
    ),
    { code: "password-needed" },
  );

function running(faces: Faces, addresses: HubAddresses): RunningHub {
  const { core, authority, clock } = faces;
  const { settings } = core;
  const provisioning = { idScope: settings.idScope, provisioningHost: addresses.hubHost };
  return {
    addresses,
    caPem: authority.caPem,
    core,
    async enrolDevice(registrationId) {
      const symmetricKey = await enrolWithKey(core, registrationId);
      const connectionString = deviceConnectionString(addresses.hubHost, registrationId, symmetricKey);
      return { registrationId, ...provisioning, symmetricKey, connectionString };
    },
    async enrolCertificate(registrationId, days) {
      checkRegistrationId(registrationId);
      const pair = await authority.issueDevice(registrationId, clock.wallNow(), days);
      return { registrationId, ...provisioning, ...pair };
    },
    async enrolThumbprint(registrationId, cert) {
      checkRegistrationId(registrationId);
      const { fingerprint256 } = new X509Certificate(cert);
      const authentication = certificateAuthentication(fingerprint256.replaceAll(":", ""));
      await settings.putIndividual({
        registrationId,
        deviceId: registrationId,
        enabled: true,
        authentication,
      });
    },
    groupKey: () => settings.groups.find((group) => group.kind === "symmetricKey")?.primaryKey ?? "",
    serviceConnectionString(policy = "iothubowner") {
      const keys = settings.policy(policy);
      if (keys === undefined) throw new RangeError(`there is no shared access policy ${policy}`);
      return `HostName=${faces.names.advertised};SharedAccessKeyName=${policy};SharedAccessKey=${keys.primaryKey}`;
    },
    close: () => closeFaces(faces),
  };
}

async function openStore({ dataPath, log, reserveStorage: reserve }: HubOptions): Promise<Documents> {
  if (dataPath === undefined) return memoryDocuments();
  const onDamaged = ({ name, problem, keptAs = "", recovered }: DamagedDocument) =>
    log.error("hub-document-unreadable", {
      name,
      problem,
      keptAs,
      now: recovered ? "the previous version is used" : "it starts empty",
    });
  return await openDocuments(dataPath, { onDamaged, reserve });
}
