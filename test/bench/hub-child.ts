/** The local hub in a process of its own, as `run` has it. Argument: its folder. */
import { join } from "node:path";
import { silentLog } from "../../src/base/log.ts";
import { packageRoot } from "../../src/firmware/process/package-root.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { type DeviceCredentials, startHub } from "../../src/hub/hub.ts";
import type { CableState } from "../../src/hub/page-server/api.ts";
import { serve } from "./services.ts";

const [dataPath = ""] = process.argv.slice(2);
const starting = startHub({
  clock: systemClock,
  log: silentLog,
  dataPath,
  pagePath: join(packageRoot, "dist", "page"),
  mqttPort: 0,
  restPort: 0,
  pagePort: 0,
});

const services = {
  async where() {
    const hub = await starting;
    return {
      caPem: hub.caPem,
      restPort: hub.addresses.restPort,
      service: hub.serviceConnectionString("service"),
    };
  },
  async enrol(ids: readonly string[]): Promise<DeviceCredentials[]> {
    const hub = await starting;
    const enrolled: DeviceCredentials[] = [];
    for (const id of ids) enrolled.push(await hub.enrolDevice(id));
    return enrolled;
  },
  async setCable(id: string, state: CableState): Promise<void> {
    (await starting).core.operations.setCable(id, state);
  },
};
export type HubServices = typeof services;
export type HubPlace = Awaited<ReturnType<HubServices["where"]>>;

serve(services);
