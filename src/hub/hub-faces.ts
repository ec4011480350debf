/**
 * The hub's three network interfaces: MQTT for devices, REST for services, the page for users.
 *
 * Guarantee: all of them open, or none; MQTT and REST present the same certificate, renewed without a restart.
 */
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { minutes } from "../base/units.ts";
import { anyAddress, HostNames, withPort } from "./host-names.ts";
import type { HubCore } from "./hub-core.ts";
import {
  defaultPorts,
  type HubAddresses,
  type HubOptions,
  type PortChoice,
  type RememberedPorts,
} from "./hub-options.ts";
import { Broker } from "./mqtt/broker.ts";
import { fixedPassword } from "./page-server/access/password.ts";
import type { RollOuts } from "./page-server/firmware/roll-outs.ts";
import { hubPage } from "./page-server/hub-page.ts";
import { openPage } from "./page-server/server.ts";
import { onFirstFree } from "./ports.ts";
import { openRest } from "./rest/server.ts";
import type { CertificateAuthority, CertificatePair } from "./storage/certificates.ts";

export interface Faces {
  readonly authority: CertificateAuthority;
  readonly clock: Clock;
  readonly log: Log;
  readonly core: HubCore;
  readonly host: string;
  readonly names: HostNames;
  /** Whether they listen beyond loopback. */
  readonly exposed: boolean;
  readonly closing: (() => Promise<void> | void)[];
}

/** The certificate lists this machine's addresses, which change. */
const renewEvery = minutes(10);

const candidates = (choice: PortChoice, remembered: RememberedPorts): readonly number[] =>
  typeof choice === "number" ? [choice] : choice(remembered);

export async function openFaces(faces: Faces, options: HubOptions): Promise<HubAddresses> {
  const { authority, clock, log, core, host, names, closing } = faces;
  const pair = await authority.server(clock.wallNow());
  const { mqttPort = defaultPorts.mqtt, restPort = defaultPorts.rest, pagePort } = options;
  const { ports: remembered, idScope } = core.settings;
  const trusted = [authority.caPem, ...(options.trustedPems ?? [])].join("\n");
  const broker = await openBroker(faces, pair, trusted, candidates(mqttPort, remembered));
  const rest = await onFirstFree(candidates(restPort, remembered), (port) =>
    openRest({ ...core, clock, log, hostNames: names }, pair, host, port),
  );
  closing.push(() => rest.close());
  const hubHost = withPort(names.advertised, broker.port, defaultPorts.mqtt);
  const page = options.page === "off" ? undefined : await openHubPage(faces, hubHost, options);
  await core.settings.rememberPorts({
    ...(typeof mqttPort === "function" && { mqtt: broker.port }),
    ...(typeof restPort === "function" && { rest: rest.port }),
    ...(typeof pagePort === "function" && page && { page: page.port }),
  });
  renewPeriodically(faces, pair, (next) => {
    broker.renew(next);
    rest.renew(next);
  });
  return {
    hubHost,
    // Not the page's: that may be open to the house where the hub is not.
    displayedHost: withPort(names.displayed, broker.port, defaultPorts.mqtt),
    mqttPort: broker.port,
    restPort: rest.port,
    pagePort: page?.port ?? 0,
    pageUrl: page === undefined ? "" : `http://${withPort(page.names.displayed, page.port)}/`,
    idScope,
  };
}

/** Opens the page on the hub's own address, or on all addresses for the local network. */
async function openHubPage(faces: Faces, hubHost: string, options: HubOptions) {
  const { clock, log, core, host, names, exposed, closing } = faces;
  const { pagePort = defaultPorts.page, pagePassword, pagePath, dataPath, recorded } = options;
  const lan = options.page === undefined || options.page === "off" ? undefined : options.page;
  const firmwareFeedPath = dataPath === undefined ? undefined : join(dataPath, "feed");
  const rollOuts =
    firmwareFeedPath === undefined ? undefined : openRollOuts(faces, firmwareFeedPath, options);
  const isExposed = exposed || lan !== undefined;
  const hostNames = lan === undefined ? names : new HostNames(anyAddress, options.hostNames);
  const served = hubPage({
    ...core,
    clock,
    log,
    idScope: core.settings.idScope,
    startedMs: clock.wallNow(),
    hubHost,
    exposed: isExposed,
    monitoring: !isExposed || options.monitoring === true,
    isSealed: options.isSealed ?? (() => false),
    hostNames,
    password: lan?.password ?? (pagePassword === undefined ? undefined : fixedPassword(pagePassword)),
    pagePath,
    firmwareFeedPath,
    rollOuts,
    recorded,
    unit: options.unit ?? (() => "C"),
  });
  const page = await onFirstFree(candidates(pagePort, core.settings.ports), (port) =>
    openPage({ ...served, sessionTime: lan?.sessionTime }, lan === undefined ? host : anyAddress, port),
  );
  closing.push(() => page.close());
  return { port: page.port, names: hostNames };
}

/** Ends every connection, then saves. */
export async function closeFaces({ closing, core }: Faces): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
  await core.close();
}

function openRollOuts(
  { core, closing }: Faces,
  feedPath: string,
  { rollOuts: open }: HubOptions,
): RollOuts | undefined {
  const rollOuts = open?.({
    feedPath,
    units: () => core.views.summaries().flatMap(({ firmware }) => firmware ?? []),
    onChange: (groups) => core.feed.publish({ type: "roll-outs", groups }),
  });
  if (rollOuts === undefined) return undefined;
  core.twins.onReported = () => rollOuts.unitChanged();
  closing.push(() => rollOuts.close());
  return rollOuts;
}

async function openBroker(
  { clock, log, core, host, names, closing }: Faces,
  pair: CertificatePair,
  trusted: string,
  ports: readonly number[],
): Promise<{ port: number; renew(pair: CertificatePair): void }> {
  const { once, cables, devices, settings, sessions, timeline } = core;
  let port = 0;
  const onDevice = (id: string) => core.feed.changed(id, true);
  const onRejected = (deviceId: string, reason: string) => {
    if (devices.get(deviceId) === undefined) return;
    timeline.add({ deviceId, kind: "rejected", actor: "hub", text: `rejected: ${reason}` });
  };
  const login = { settings, devices, hostNames: names, wallNow: () => clock.wallNow() };
  const dps = { clock, devices, timeline, hubPort: () => port, onDevice };
  const broker = await Broker.open(
    { clock, log, once, cables, sessions, login, dps, onRejected },
    pair,
    trusted,
  );
  closing.push(() => broker.close());
  port = await onFirstFree(ports, (each) => broker.listen(host, each));
  return { port, renew: (next) => broker.renew(next) };
}

function renewPeriodically(
  { authority, clock, log, closing }: Faces,
  first: CertificatePair,
  renew: (pair: CertificatePair) => void,
): void {
  let current = first;
  let cancel = () => {};
  const check = () => {
    cancel = clock.setTimer(renewEvery, check);
    authority.server(clock.wallNow()).then(
      (pair) => {
        if (pair === current) return;
        current = pair;
        renew(pair);
        log.info("hub-certificate-renewed");
      },
      (error: Error) => log.error("hub-certificate-not-renewed", { reason: error.message }),
    );
  };
  cancel = clock.setTimer(renewEvery, check);
  closing.push(() => cancel());
}
