/**
 * The hub's three faces on the network: MQTT for devices, REST for services, the page for people.
 *
 * Guarantee: they open together or not at all, and all show the same certificate, renewed without a restart.
 */
import { minutes } from "../base/units.ts";
import { type HostNames, withPort } from "./host-names.ts";
import type { HubCore } from "./hub-core.ts";
import {
  type HubAddresses,
  type HubOptions,
  type PortWish,
  type RememberedPorts,
  usualPorts,
} from "./hub-options.ts";
import { Broker } from "./mqtt/broker.ts";
import { openPage } from "./page-server/server.ts";
import { onFirstFree } from "./ports.ts";
import { openRest } from "./rest/server.ts";
import type { CertificateAuthority, CertificatePair } from "./storage/certificates.ts";

export interface Faces {
  readonly authority: CertificateAuthority;
  readonly core: HubCore;
  readonly host: string;
  readonly names: HostNames;
  /** Whether they listen beyond loopback. */
  readonly exposed: boolean;
  readonly closing: (() => Promise<void> | void)[];
}

/** Addresses of this machine change, and the certificate names them. */
const renewEvery = minutes(10);

const candidates = (wish: PortWish, remembered: RememberedPorts): readonly number[] =>
  typeof wish === "number" ? [wish] : wish(remembered);

export async function openFaces(faces: Faces, options: HubOptions): Promise<HubAddresses> {
  const { authority, core, host, names, exposed, closing } = faces;
  const pair = await authority.server(core.clock.wallNow());
  const { mqttPort = usualPorts.mqtt, restPort = usualPorts.rest, pagePort = usualPorts.page } = options;
  const remembered = core.settings.ports;
  const broker = await openBroker(faces, pair, candidates(mqttPort, remembered));
  const rest = await onFirstFree(candidates(restPort, remembered), (port) =>
    openRest({ core, hostNames: names }, pair, host, port),
  );
  closing.push(() => rest.close());
  const hubHost = withPort(names.told, broker.port, usualPorts.mqtt);
  const { pagePassword: password, pagePath } = options;
  const page = await onFirstFree(candidates(pagePort, remembered), (port) =>
    openPage({ core, hubHost, exposed, hostNames: names, password, pagePath }, host, port),
  );
  closing.push(() => page.close());
  await core.settings.rememberPorts({
    ...(typeof mqttPort === "function" && { mqtt: broker.port }),
    ...(typeof restPort === "function" && { rest: rest.port }),
    ...(typeof pagePort === "function" && { page: page.port }),
  });
  renewInTime(faces, pair, (next) => {
    broker.renew(next);
    rest.renew(next);
  });
  return {
    hubHost,
    mqttPort: broker.port,
    restPort: rest.port,
    pagePort: page.port,
    pageUrl: `http://${withPort(names.shown, page.port)}/`,
    idScope: core.settings.idScope,
  };
}

/** Ends every connection, then saves. */
export async function closeFaces({ closing, core }: Faces): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
  await core.close();
}

async function openBroker(
  { authority, core, host, names, closing }: Faces,
  pair: CertificatePair,
  ports: readonly number[],
): Promise<{ port: number; renew(pair: CertificatePair): void }> {
  const { clock, log, once, cables, devices, settings, sessions, timeline } = core;
  let port = 0;
  const onDevice = (id: string) => core.feed.changed(id, true);
  const onRejected = (id: string, reason: string) => core.rejected(id, reason);
  const login = { settings, devices, hostNames: names, wallNow: () => clock.wallNow() };
  const dps = { clock, devices, timeline, hubPort: () => port, onDevice };
  const broker = await Broker.open(
    { clock, log, once, cables, sessions, login, dps, onRejected },
    pair,
    authority.caPem,
  );
  closing.push(() => broker.close());
  port = await onFirstFree(ports, (each) => broker.listen(host, each));
  return { port, renew: (next) => broker.renew(next) };
}

function renewInTime(
  { authority, core, closing }: Faces,
  first: CertificatePair,
  renew: (pair: CertificatePair) => void,
): void {
  let shown = first;
  let cancel = () => {};
  const check = () => {
    cancel = core.clock.setTimer(renewEvery, check);
    authority.server(core.clock.wallNow()).then(
      (pair) => {
        if (pair === shown) return;
        shown = pair;
        renew(pair);
        core.log.info("hub-certificate-renewed");
      },
      (error: Error) => core.log.error("hub-certificate-not-renewed", { reason: error.message }),
    );
  };
  cancel = core.clock.setTimer(renewEvery, check);
  closing.push(() => cancel());
}
