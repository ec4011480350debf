/**
 * Roll-outs of the hub's feed, over HTTP: to the page, and to units as `/feed/hold`.
 *
 * The caller provides the `RollOuts` that decides: the hub itself does not read the feed's file `channel`.
 */
import type { Hono } from "hono";
import { refuse } from "../access/guard.ts";
import type { FirmwareView } from "../api.ts";
import type { RollOutGroup } from "../api-roll-outs.ts";
import { readJsonBody, rollOutChange } from "../bodies.ts";

export interface RollOuts {
  /** The groups of the feed as it is now. */
  groups(): readonly RollOutGroup[];
  /** The document that names the images held back, for units. */
  hold(): string;
  /** @returns false for a group that the feed does not have */
  set(name: string, action: "stop" | "resume"): boolean;
  /** Call this when a unit has reported something; the decision follows soon. */
  unitChanged(): void;
  /** Resolves when all is stored. */
  close(): Promise<void>;
}

export interface RollOutParts {
  /** The hub's folder of images. */
  readonly feedPath: string;
  /** What units have reported. */
  readonly units: () => readonly FirmwareView[];
  /** Called when `groups` has changed. */
  readonly onChange: (groups: readonly RollOutGroup[]) => void;
}

export interface RollOutRoutes {
  /** `undefined`: the hub offers no feed. */
  readonly rollOuts?: RollOuts | undefined;
}

export function addRollOuts(app: Hono, { rollOuts }: RollOutRoutes): void {
  app.get("/api/roll-outs", (c) => c.json(rollOuts?.groups() ?? []));
  app.post("/api/roll-outs", async (c) => {
    const body = await readJsonBody(c, rollOutChange);
    if ("problem" in body) return refuse(c, 400, "malformed", body.problem);
    if (rollOuts?.set(body.value.name, body.value.action)) return c.json(rollOuts.groups());
    return refuse(c, 404, "not-found", "the feed has no such group");
  });
  if (rollOuts === undefined) return;
  app.get("/feed/hold", (c) =>
    c.body(rollOuts.hold(), 200, { "Content-Type": "application/json", "Cache-Control": "no-store" }),
  );
}
