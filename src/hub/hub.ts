/**
 * A local DPS and IoT Hub: what Azure speaks, on this machine, for one desk or one house.
 *
 * Guarantees: started with no options but a clock and a log it listens on loopback alone, keeps nothing and lets
 * nobody in without proof; with a folder it keeps keys, certificates, devices and twins there, 0600. `close` ends
 * every connection and has saved everything when it resolves.
 */
import { hostname } from "node:os";
import type { Clock } from "../control/clock.ts";
import type { Log } from "../control/log.ts";
import { hours } from "../control/units.ts";
import { Broker } from "./broker.ts";
import { type CertificateAuthority, openAuthority } from "./certificates.ts";
import { isDeviceId, isRegistrationId, sasAuthentication } from "./device-record.ts";
import { type Documents, memoryDocuments, openDocuments } from "./documents.ts";
import { HubCore } from "./hub-core.ts";
import { bareHost } from "./mqtt-login.ts";

export interface HubOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Folder for everything that is to outlast the process. Absent: nothing outlasts it. */
  readonly dataPath?: string;
  /** Address to listen on; loopback when absent. Wider needs `pagePassword`. */
  readonly host?: string;
  /** More names for the server's certificate and for devices' user names. */
  readonly hostNames?: readonly string[];
  /** 0: any free one. */
  readonly mqttPort?: number;
  readonly restPort?: number;
  readonly pagePort?: number;
  /** Folder of the built page. */
  readonly pagePath?: string;
  readonly pagePassword?: string;
}

export interface HubAddresses {
  /** Name and port of both DPS and hub over MQTT, as devices are told it. */
  readonly hubHost: string;
  readonly mqttPort: number;
  readonly restPort: number;
  readonly pagePort: number;
  readonly pageUrl: string;
  readonly idScope: string;
}

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
  /** Key of the symmetric group, from which device keys are derived. Secret. */
  groupKey(): string;
  /** For `azure-iothub` and others of the service side. Secret. @throws RangeError for an unknown policy */
  serviceConnectionString(policy?: string): string;
  close(): Promise<void>;
}

const usualPorts = { mqtt: 8883, rest: 8443, page: 8080 };
const renewEvery = hours(24);

/**
 * Starts a hub.
 * @throws Error with `code` when a port is taken (`EADDRINUSE`), the folder cannot be written, or it is to listen
 *   beyond loopback without a password (`password-needed`)
 */
export async function startHub(options: HubOptions): Promise<RunningHub> {
  const { clock, log, host = "127.0.0.1" } = options;
  const names = allNames(options.hostNames ?? []);
  const documents = await openStore(options);
  const authority = await openAuthority(documents, names, clock.wallNow());
  const core = await HubCore.open(clock, log, documents);
  const parts = { authority, core, host, names };
  const closing: (() => Promise<void> | void)[] = [];
  try {
    const mqtt = await openMqtt(parts, options, closing);
    const addresses: HubAddresses = {
      hubHost: `localhost:${mqtt}`,
      mqttPort: mqtt,
      restPort: 0,
      pagePort: 0,
      pageUrl: "",
      idScope: core.settings.idScope,
    };
    return running(parts, addresses, closing);
  } catch (error) {
    await closeAll(closing, core);
    throw error;
  }
}

interface Parts {
  readonly authority: CertificateAuthority;
  readonly core: HubCore;
  readonly host: string;
  readonly names: readonly string[];
}

type Closing = (() => Promise<void> | void)[];

async function openMqtt(parts: Parts, options: HubOptions, closing: Closing): Promise<number> {
  const { core, authority, names } = parts;
  const { clock, log, once, cables, devices, settings, sessions, timeline } = core;
  let port = options.mqttPort ?? usualPorts.mqtt;
  const hostNames = names.map((name) => name.toLowerCase());
  const broker = await Broker.open(
    {
      clock,
      log,
      once,
      cables,
      sessions,
      login: { settings, devices, hostNames, wallNow: () => clock.wallNow() },
      dps: {
        clock,
        devices,
        timeline,
        hubHost: () => `localhost:${port}`,
        onDevice: (id) => core.feed.changed(id, true),
      },
      onTurnedAway: (id, reason) => core.turnedAway(id, reason),
    },
    await authority.server(clock.wallNow()),
    authority.caPem,
  );
  closing.push(() => broker.close());
  port = await broker.listen(parts.host, port);
  return port;
}

function running(parts: Parts, addresses: HubAddresses, closing: Closing): RunningHub {
  const { core, authority } = parts;
  const { settings, clock } = core;
  const provisioning = { idScope: settings.idScope, provisioningHost: addresses.hubHost };
  return {
    addresses,
    caPem: authority.caPem,
    core,
    async enrolDevice(registrationId) {
      checkId(registrationId);
      const known = settings.individual(registrationId);
      const authentication =
        known?.authentication.type === "sas" ? known.authentication : sasAuthentication();
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
    groupKey: () => settings.groups.find((group) => group.kind === "symmetricKey")?.primaryKey ?? "",
    serviceConnectionString(policy = "iothubowner") {
      const keys = settings.policy(policy);
      if (keys === undefined) throw new RangeError(`there is no shared access policy ${policy}`);
      return `HostName=localhost;SharedAccessKeyName=${policy};SharedAccessKey=${keys.primaryKey}`;
    },
    close: () => closeAll(closing, core),
  };
}

async function closeAll(closing: Closing, core: HubCore): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
  await core.close();
}

function checkId(registrationId: string): void {
  if (isRegistrationId(registrationId) && isDeviceId(registrationId)) return;
  throw new RangeError("a registration id has 1 to 128 letters, digits and - . _ :");
}

/** Every name under which devices and people reach this machine. */
function allNames(more: readonly string[]): string[] {
  const own = hostname();
  return [...new Set(["localhost", "127.0.0.1", "::1", own, `${own}.local`, ...more.map(bareHost)])];
}

async function openStore({ dataPath, log }: HubOptions): Promise<Documents> {
  if (dataPath === undefined) return memoryDocuments();
  return await openDocuments(dataPath, (name, keptAs) =>
    log.error("hub-document-unreadable", { name, keptAs }),
  );
}
