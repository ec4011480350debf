/** The routes of a device's front: presses of its buttons, and simulated faults of its hardware. */
import type { Context, Hono } from "hono";
import { refuse } from "../access/guard.ts";
import { faultSimulation, panelPress, readJsonBody } from "../bodies.ts";
import type { Panels, Simulated } from "./panels.ts";

/** @param app where the ids are known to be devices'. @param isSealed whether the unit on this machine is sealed now */
export function addPanel(app: Hono, panels: Panels, isSealed: () => boolean): void {
  app.post("/api/devices/:id/panel", async (c) => {
    const body = await readJsonBody(c, panelPress);
    if ("problem" in body) return refuse(c, 400, "malformed", body.problem);
    return answer(c, panels.press(c.req.param("id"), body.value), "the buttons are on the device itself");
  });
  app.post("/api/devices/:id/fault", async (c) => {
    const body = await readJsonBody(c, faultSimulation);
    if ("problem" in body) return refuse(c, 400, "malformed", body.problem);
    if (isSealed()) return refuse(c, 403, "sealed", "this unit is sealed: no faults are simulated");
    const outcome = panels.simulate(c.req.param("id"), body.value);
    return answer(c, outcome, "only a virtual hat simulates faults");
  });
}

/** No simulated fault, and the window shut; nothing for a device without a simulated room. */
export function restoreRoom(panels: Panels, id: string): void {
  const room = panels.of(id)?.room;
  for (const { name, active } of room?.faults ?? [])
    if (active) panels.simulate(id, { fault: name, active: false });
  if (room?.windowOpen) panels.press(id, { key: "window", down: false });
}

function answer(c: Context, outcome: Simulated, notHere: string): Response {
  switch (outcome) {
    case "passed":
      return c.body(null, 204);
    case "unknown":
      return refuse(c, 400, "malformed", "there is no such fault");
    case "not-here":
      return refuse(c, 409, "not-here", notHere);
    case "too-fast":
      return refuse(c, 429, "throttled", "too many presses");
  }
}
