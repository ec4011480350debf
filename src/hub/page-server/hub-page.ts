/** The hub's page: its devices, their twins and cables, the feed of firmware, and monitoring. */

import type { PageNames } from "./access/guard.ts";
import type { PagePassword } from "./access/password.ts";
import type { StreamEvent } from "./api.ts";
import { addEnrolment, type EnrolmentRoutes } from "./enrolment/routes.ts";
import { addFirmwareFeed, type FirmwareFeedParts } from "./firmware/firmware-feed.ts";
import { addRollOuts } from "./firmware/roll-outs.ts";
import { addMonitoring, type MonitoringParts } from "./monitoring.ts";
import { addPageRoutes, hubInfo, type PageParts } from "./routes.ts";
import type { PageOptions } from "./server.ts";

export interface HubPageOptions extends PageParts, EnrolmentRoutes, FirmwareFeedParts {
  /** Names under which the page may be reached. */
  readonly hostNames: PageNames;
  readonly password: PagePassword | undefined;
  /** Whether other programs may read the state: `monitoring.ts`. */
  readonly monitoring: boolean;
  readonly pagePath: string | undefined;
}

/** What the page's server needs to serve the page of a hub. */
export const hubPage = (options: HubPageOptions): PageOptions => ({
  ...options,
  firstEvents: (lastSeen) => firstEvents(options, lastSeen),
  addRoutes(app, guard) {
    addPageRoutes(app, options);
    addEnrolment(app, options);
    if (options.monitoring) addMonitoring(app, monitored(options), guard);
    // Before the feed's files, so that a file named "hold" cannot replace the hub's own.
    addRollOuts(app, options);
    addFirmwareFeed(app, options);
  },
});

const monitored = (parts: PageParts): MonitoringParts => ({
  info: () => hubInfo(parts),
  summaries: () => parts.views.summaries(),
  details: () => parts.devices.all().flatMap(({ id }) => parts.views.detail(id) ?? []),
});

/** The current state, and the events since the page's last connection. */
function firstEvents(parts: PageParts, lastSeen: number): readonly StreamEvent[] {
  const groups = parts.rollOuts?.groups() ?? [];
  const missed = Number.isInteger(lastSeen) ? parts.timeline.after(lastSeen) : [];
  return [
    { type: "hello", hub: hubInfo(parts), devices: parts.views.summaries() },
    ...(groups.length === 0 ? [] : [{ type: "roll-outs", groups } as const]),
    ...missed.map((event) => ({ type: "timeline", event }) as const),
  ];
}
