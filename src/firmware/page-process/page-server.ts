/**
 * Folder page-process/: the device's own page, in a process of its own.
 *
 * Serves the page of the device that runs on a data folder. The device's status arrives over the local
 * socket, its front through the guardian.
 *
 * Guarantee: heating does not depend on it: it is a client of the local socket like any command. It listens
 * on loopback only, unless it is opened to the local network: then nothing can be seen or changed without the
 * password.
 */
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { hours } from "../../base/units.ts";
import { anyAddress, HostNames } from "../../hub/host-names.ts";
import { defaultPorts } from "../../hub/hub-options.ts";
import { OnceLog } from "../../hub/once-log.ts";
import type { PanelPress } from "../../hub/page-server/api.ts";
import type { FaultSimulation } from "../../hub/page-server/api-settings.ts";
import { addMonitoring } from "../../hub/page-server/monitoring.ts";
import { openPage, type PageOptions } from "../../hub/page-server/server.ts";
import { onFirstFree } from "../../hub/ports.ts";
import type { Settings } from "../../model/settings.ts";
import { recordedHistory } from "../history/recorded-history.ts";
import { packageRoot } from "../process/package-root.ts";
import { isSealed } from "../seal/seal.ts";
import { DeviceLink } from "./device-link.ts";
import { addDeviceRoutes } from "./device-routes.ts";
import { DeviceView } from "./device-view.ts";
import { pageUrls, readPageNote, writePageNote } from "./page-note.ts";
import { PasswordFile } from "./password-file.ts";

/** Who can reach the page. */
export type PageReach = "local" | "lan";

export interface DevicePageOptions {
  readonly dataPath: string;
  readonly id: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly reach: PageReach;
  /** Further host names of this machine. */
  readonly names?: readonly string[] | undefined;
  /** A fixed port; 0: any free one. Absent: the default port, the last one, or another allowed one. */
  readonly port?: number | undefined;
  /** The allowed ports. */
  readonly allowedPorts: readonly number[];
  /** The current settings. */
  readonly settings: () => Settings;
  /** Serve /metrics and /api/state beyond loopback too. */
  readonly monitoring?: boolean | undefined;
  readonly onPress: (press: PanelPress) => void;
  readonly onSimulate: (simulation: FaultSimulation) => void;
  /** Folder of the built page. */
  readonly pagePath?: string;
}

export interface DevicePage {
  /** Addresses of the page, the best one first. */
  readonly urls: readonly string[];
  readonly port: number;
  readonly view: DeviceView;
  close(): Promise<void>;
}

/** Long, so that a phone at home need not sign in every day. */
export const homeSessionTime = hours(30 * 24);

/** @throws Error with `code`: EADDRINUSE, EACCES */
export async function startDevicePage(options: DevicePageOptions): Promise<DevicePage> {
  const { dataPath, id, clock, log, reach, settings, onPress, onSimulate } = options;
  const host = reach === "lan" ? anyAddress : "127.0.0.1";
  const names = new HostNames(host, options.names);
  const view = new DeviceView({
    id,
    clock,
    onPress,
    onSimulate,
    info: () => ({
      unit: settings().displayUnit,
      exposed: reach === "lan",
      sealed: isSealed(dataPath),
    }),
  });
  const link = new DeviceLink({
    dataPath,
    clock,
    log,
    onStatus: (status) => view.takeStatus(status),
    onLog: (event) => view.takeLog(event),
    onLogBegins: () => view.beginLog(),
  });
  const server = await onFirstFree(portsFor(options), (port) =>
    openPage(served(options, { names, view, link }), host, port),
  );
  link.start();
  const urls = pageUrls(reach === "lan" ? names : undefined, server.port);
  // A failure affects only `page show`, which then does not know the address.
  await writePageNote(dataPath, { process: process.pid, port: server.port, urls }).catch((error: unknown) =>
    log.warn("page-address-not-stored", { reason: messageOf(error) }),
  );
  return {
    urls,
    port: server.port,
    view,
    async close() {
      await server.close();
      await link.close();
      view.feed.close();
    },
  };
}

interface Parts {
  readonly names: HostNames;
  readonly view: DeviceView;
  readonly link: DeviceLink;
}

function served(options: DevicePageOptions, { names, view, link }: Parts): PageOptions {
  const { clock, log, dataPath, reach, settings, monitoring = false } = options;
  const recorded = recordedHistory({ deviceId: view.id, dataPath, settings });
  return {
    clock,
    log,
    once: new OnceLog(log, clock),
    hostNames: names,
    feed: view.feed,
    firstEvents: (lastSeen) => view.firstEvents(lastSeen),
    password: reach === "lan" ? new PasswordFile(dataPath, clock) : undefined,
    sessionTime: homeSessionTime,
    isSealed: () => isSealed(dataPath),
    pagePath: options.pagePath ?? join(packageRoot, "dist", "page"),
    addRoutes(app, guard) {
      addDeviceRoutes(app, { clock, view, link, recorded });
      if (reach === "lan" && !monitoring) return;
      const details = () => [view.detail()];
      addMonitoring(app, { info: () => view.info(), summaries: details, details }, guard);
    },
  };
}

function portsFor({ port, allowedPorts, dataPath }: DevicePageOptions): readonly number[] {
  // The default ports of a hub are left free for it.
  const usual: readonly number[] = Object.values(defaultPorts);
  const spare = allowedPorts.filter((each) => !usual.includes(each));
  if (port !== undefined) return port === 0 && spare.length > 0 ? spare : [port];
  const last = readPageNote(dataPath)?.port;
  const first = [defaultPorts.page, ...(last === undefined ? [] : [last])];
  return [...new Set([...first.filter((each) => allowedPorts.includes(each)), ...spare])];
}
