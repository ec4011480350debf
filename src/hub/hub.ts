/**
 * A local DPS and IoT Hub: what Azure speaks, on this machine, for one desk or one house.
 *
 * Guarantees: started with no options but a clock and a log it listens on loopback alone, keeps nothing and lets
 * nobody in without proof; with a folder it keeps keys, certificates, devices and twins there, 0600. `close` ends
 * every connection and has saved everything when it resolves.
 */
import { X509Certificate } from "node:crypto";
import { isDeviceId, isRegistrationId } from "../protocol/ids.ts";
import { HostNames, isLoopback } from "./host-names.ts";
import { HubCore } from "./hub-core.ts";
import { closeFaces, type Faces, openFaces } from "./hub-faces.ts";
import type { HubAddresses, HubOptions } from "./hub-options.ts";
import { certificateAuthentication, sasAuthentication } from "./registry/record.ts";
import { openAuthority } from "./storage/certificates.ts";
import { type DamagedDocument, type Documents, memoryDocuments, openDocuments } from "./storage/documents.ts";

export type { HubAddresses, HubOptions, PortWish, RememberedPorts } from "./hub-options.ts";

/** What a device needs to come in; secret, all but the scope and the hosts. */
export interface DeviceCredentials {
  readonly registrationId: string;
  readonly idScope: string;
  readonly provisioningHost: string;
  readonly symmetricKey: string;
  /** For a device that goes to the hub at once, without DPS. */
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
  /** PEM of the authority that devices and service clients are to trust. Public. */
  readonly caPem: string;
  /** What happens in the hub, for whoever shares its process. */
  readonly core: HubCore;
  /** Enrols (again: the same) one device with a key of its own. @throws RangeError for an id that DPS does not take */
  enrolDevice(registrationId: string): Promise<DeviceCredentials>;
  /** Issues a certificate under the hub's authority; DPS lets its bearer in. */
  enrolCertificate(registrationId: string, days?: number): Promise<CertificateCredentials>;
  /** Lets in the bearer of one certificate, whoever signed it. @param cert PEM @throws RangeError as above */
  enrolThumbprint(registrationId: string, cert: string): Promise<void>;
  /** Key of the symmetric group, from which device keys are derived. Secret. */
  groupKey(): string;
  /** For `azure-iothub` and others of the service side. Secret. @throws RangeError for an unknown policy */
  serviceConnectionString(policy?: string): string;
  close(): Promise<void>;
}

/**
 * Starts a hub.
 * @throws Error with `code` when a port is taken (`EADDRINUSE`), the folder cannot be written (`EACCES`), or it is to
 *   listen beyond loopback without a password (`password-needed`)
 */
export async function startHub(options: HubOptions): Promise<RunningHub> {
  const { clock, log, host = "127.0.0.1", pagePassword } = options;
  const exposed = !isLoopback(host);
  if (exposed && (pagePassword === undefined || pagePassword.length < leastPassword))
    throw needsPassword(host);
  const names = new HostNames(host, options.hostNames);
  const documents = await openStore(options);
  const authority = await openAuthority(documents, () => names.all(), clock.wallNow());
  const core = await HubCore.open(clock, log, documents);
  if (authority.isNew && core.devices.size > 0) log.warn("hub-authority-made", { now: authorityMade });
  const faces: Faces = { authority, core, host, names, exposed, closing: [] };
  try {
    const addresses = await openFaces(faces, options);
    if (exposed) log.warn("hub-exposed", { host, page: addresses.pageUrl });
    return running(faces, addresses);
  } catch (error) {
    await closeFaces(faces);
    throw error;
  }
}

const leastPassword = 8;
const authorityMade = "devices enrolled by hand need its certificate; this machine's own device is given it";

const needsPassword = (host: string): Error =>
  Object.assign(
    new Error(
      `listening on ${host} lets others reach the hub's page: give it a password of ${leastPassword} characters or ` +
        "more, or listen on 127.0.0.1",
    ),
    { code: "password-needed" },
  );

function running(faces: Faces, addresses: HubAddresses): RunningHub {
  const { core, authority } = faces;
  const { settings, clock } = core;
  const provisioning = { idScope: settings.idScope, provisioningHost: addresses.hubHost };
  return {
    addresses,
    caPem: authority.caPem,
    core,
    async enrolDevice(registrationId) {
      checkId(registrationId);
      const enrolled = settings.individual(registrationId)?.authentication;
      // Settings that a disk has damaged may lack the newest enrolment: the device's record has the same key.
      const known = [enrolled, core.devices.get(registrationId)?.authentication];
      const authentication = known.find((each) => each?.type === "sas") ?? sasAuthentication();
      await settings.putIndividual({
        registrationId,
        deviceId: registrationId,
        enabled: true,
        authentication,
      });
      await core.ensureDevice(registrationId, authentication);
      const symmetricKey = authentication.primaryKey;
      const connectionString = `HostName=${addresses.hubHost};DeviceId=${registrationId};SharedAccessKey=${symmetricKey}`;
      return { registrationId, ...provisioning, symmetricKey, connectionString };
    },
    async enrolCertificate(registrationId, days) {
      checkId(registrationId);
      const pair = await authority.issueDevice(registrationId, clock.wallNow(), days);
      return { registrationId, ...provisioning, ...pair };
    },
    async enrolThumbprint(registrationId, cert) {
      checkId(registrationId);
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
      return `HostName=${faces.names.told};SharedAccessKeyName=${policy};SharedAccessKey=${keys.primaryKey}`;
    },
    close: () => closeFaces(faces),
  };
}

function checkId(registrationId: string): void {
  if (isRegistrationId(registrationId) && isDeviceId(registrationId)) return;
  throw new RangeError("a registration id has 1 to 128 letters, digits and - . _ ");
}

async function openStore({ dataPath, log, reserveStorage: reserve }: HubOptions): Promise<Documents> {
  if (dataPath === undefined) return memoryDocuments();
  const onDamaged = ({ name, problem, keptAs = "", recovered }: DamagedDocument) =>
    log.error("hub-document-unreadable", {
      name,
      problem,
      keptAs,
      now: recovered ? "the one written before it serves" : "it starts empty",
    });
  return await openDocuments(dataPath, { onDamaged, reserve });
}
