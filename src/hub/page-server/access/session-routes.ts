/** Signing in to the page: `/api/session`. */
import type { Hono } from "hono";
import { readJsonBody, signIn } from "../bodies.ts";
import { type PageGuard, refuse } from "./guard.ts";

export function addSessionRoutes(app: Hono, guard: PageGuard): void {
  app.get("/api/session", async (c) => c.json(await guard.session(c)));
  app.post("/api/session", async (c) => {
    const body = await readJsonBody(c, signIn);
    if ("problem" in body) return refuse(c, 400, "malformed", body.problem);
    return await guard.signIn(c, body.value.password);
  });
  app.post("/api/session/password", async (c) => {
    const body = await readJsonBody(c, signIn);
    if ("problem" in body) return refuse(c, 400, "malformed", body.problem);
    return await guard.setFirstPassword(c, body.value.password);
  });
  app.delete("/api/session", (c) => guard.signOut(c));
}
