/** Signing in to the page: how long it lasts, and how often it may be tried. */
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { hours, seconds } from "../../../src/base/units.ts";
import { OnceLog } from "../../../src/hub/once-log.ts";
import { PageGuard } from "../../../src/hub/page-server/guard.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { recordingLog } from "../running-hub.ts";

describe("a session of the page", () => {
  function openGuard() {
    const clock = new VirtualClock();
    const names = { includes: () => true, isNamed: () => false };
    const once = new OnceLog(recordingLog([]), clock);
    const guard = new PageGuard({
      clock,
      once,
      hostNames: names,
      password: "correct horse",
      isSealed: () => true,
    });
    const app = new Hono();
    app.use(guard.signedIn);
    app.get("/x", (c) => c.text("in"));
    const ask = async (cookie: string) =>
      (await app.request("/x", { headers: { cookie: cookie.split(";")[0] ?? "" } })).status;
    return { clock, guard, ask };
  }

  it("ends after twelve hours", async () => {
    const { clock, guard, ask } = openGuard();
    const cookie = guard.signIn("correct horse");
    await clock.advance(hours(11.99));
    expect(await ask(cookie)).toBe(200);
    await clock.advance(hours(0.01));
    expect(await ask(cookie)).toBe(401);
  });

  it("is the oldest of a hundred that goes for one more", async () => {
    const { guard, ask } = openGuard();
    const cookies = Array.from({ length: 101 }, () => guard.signIn("correct horse"));
    expect(await ask(cookies[0] ?? "")).toBe(401);
    expect(await ask(cookies[1] ?? "")).toBe(200);
    expect(await ask(cookies[100] ?? "")).toBe(200);
  });

  it("may be tried for again a minute after too many wrong passwords, the right one too", async () => {
    const { clock, guard } = openGuard();
    for (let time = 0; time < 10; time++) expect(guard.signIn("wrong")).toBe("wrong");
    expect(guard.signIn("correct horse")).toBe("wait");
    await clock.advance(seconds(59.9));
    expect(guard.signIn("correct horse")).toBe("wait");
    await clock.advance(seconds(0.1));
    expect(guard.signIn("correct horse")).toMatch(/^hub-session=/);
  });
});
