/** Signing in to the page: `/api/session`. */
import type { Hono } from "hono";
import type { Session } from "./api.ts";
import { readJsonBody, signIn } from "./bodies.ts";
import { type PageGuard, refuse } from "./guard.ts";

export function addSessionRoutes(app: Hono, guard: PageGuard): void {
  app.get("/api/session", (c) =>
    c.json({ passwordNeeded: guard.passwordNeeded, signedIn: guard.isSignedIn(c) } satisfies Session),
  );
  app.post("/api/session", async (c) => {
    const body = await readJsonBody(c, signIn);
    if ("problem" in body) return refuse(c, 400, "malformed", body.problem);
    const cookie = guard.signIn(body.value.password);
    if (cookie === "wrong") return refuse(c, 403, "password", "the password is wrong");
    if (cookie === "wait") return refuse(c, 429, "throttled", "too many wrong passwords: wait a minute");
    c.header("Set-Cookie", cookie);
    return c.body(null, 204);
  });
  app.delete("/api/session", (c) => {
    c.header("Set-Cookie", guard.signOut(c));
    return c.body(null, 204);
  });
}
