/** Signing in to the page: how long it lasts, how often it may be tried, and who sets the first password. */
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { hours, seconds } from "../../../src/base/units.ts";
import { OnceLog } from "../../../src/hub/once-log.ts";
import { PageGuard } from "../../../src/hub/page-server/access/guard.ts";
import { fixedPassword, type PagePassword } from "../../../src/hub/page-server/access/password.ts";
import { addSessionRoutes } from "../../../src/hub/page-server/access/session-routes.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { recordingLog } from "../running-hub.ts";

const own = "127.0.0.1";
const stranger = "192.168.1.66";

/** A password that is set in the test, and says how many comparisons ran at once. */
class TestPassword implements PagePassword {
  text: string | undefined;
  edition: string | undefined;
  running = 0;
  most = 0;
  #editions = 0;

  constructor(text?: string) {
    if (text !== undefined) this.change(text);
  }

  change(text: string): void {
    this.text = text;
    this.edition = String(++this.#editions);
  }

  async isRight(tried: string): Promise<boolean> {
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    await Promise.resolve();
    this.running -= 1;
    return tried === this.text;
  }

  readonly setFirst = async (text: string) => this.change(text);
}

function openGuard(password: PagePassword = fixedPassword("correct horse")) {
  const clock = new VirtualClock();
  const names = { includes: () => true, isNamed: () => false };
  const once = new OnceLog(recordingLog([]), clock);
  const guard = new PageGuard({ clock, once, hostNames: names, password, isSealed: () => true });
  const app = new Hono();
  addSessionRoutes(app, guard);
  app.use("/x", guard.signedIn);
  app.get("/x", (c) => c.text("in"));
  const from = (address: string) => ({ incoming: { socket: { remoteAddress: address } } });
  const post = async (path: string, text: string, address: string, headers: Record<string, string> = {}) =>
    await app.request(
      path,
      {
        method: "POST",
        body: JSON.stringify({ password: text }),
        headers: { "content-type": "application/json", ...headers },
      },
      from(address),
    );
  const ask = async (cookie: string) =>
    (await app.request("/x", { headers: { cookie: cookie.split(";")[0] ?? "" } }, from(own))).status;
  const signIn = async (text: string, address = own) => await post("/api/session", text, address);
  const cookieOf = async (text: string) => (await signIn(text)).headers.get("set-cookie") ?? "";
  return { clock, ask, signIn, cookieOf, post };
}

describe("a session of the page", () => {
  it("ends after twelve hours", async () => {
    const { clock, cookieOf, ask } = openGuard();
    const cookie = await cookieOf("correct horse");
    await clock.advance(hours(11.99));
    expect(await ask(cookie)).toBe(200);
    await clock.advance(hours(0.01));
    expect(await ask(cookie)).toBe(401);
  });

  it("is the oldest of a hundred that goes for one more", async () => {
    const { cookieOf, ask } = openGuard();
    const cookies: string[] = [];
    for (let time = 0; time < 101; time++) cookies.push(await cookieOf("correct horse"));
    expect(await ask(cookies[0] ?? "")).toBe(401);
    expect(await ask(cookies[1] ?? "")).toBe(200);
    expect(await ask(cookies[100] ?? "")).toBe(200);
  });

  it("cannot be read by a script, and is not sent by another site", async () => {
    const { cookieOf } = openGuard();
    expect(await cookieOf("correct horse")).toMatch(
      /^hub-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict/,
    );
  });

  it("ends when the password becomes another one", async () => {
    const password = new TestPassword("correct horse");
    const { cookieOf, ask } = openGuard(password);
    const cookie = await cookieOf("correct horse");
    expect(await ask(cookie)).toBe(200);
    password.change("battery staple");
    expect(await ask(cookie)).toBe(401);
  });
});

describe("wrong passwords", () => {
  it("make their address wait for a minute, for the right one too", async () => {
    const { clock, signIn } = openGuard();
    for (let time = 0; time < 10; time++) expect((await signIn("wrong")).status).toBe(403);
    expect((await signIn("correct horse")).status).toBe(429);
    await clock.advance(seconds(59.9));
    expect((await signIn("correct horse")).status).toBe(429);
    await clock.advance(seconds(0.1));
    expect((await signIn("correct horse")).status).toBe(204);
  });

  it("of a stranger do not lock the owner out", async () => {
    const { signIn } = openGuard();
    for (let time = 0; time < 20; time++) await signIn("wrong", stranger);
    expect((await signIn("correct horse", stranger)).status).toBe(429);
    expect((await signIn("correct horse")).status).toBe(204);
  });

  it("are limited for all addresses together", async () => {
    const { signIn } = openGuard();
    const codes = new Set<number>();
    for (let time = 0; time < 61; time++) codes.add((await signIn("wrong", `10.0.0.${time}`)).status);
    expect([...codes]).toEqual([403, 429]);
  });

  it("that are sent at once are compared one after the other, and a crowd is turned away", async () => {
    const password = new TestPassword("correct horse");
    const { signIn } = openGuard(password);
    const answers = await Promise.all(Array.from({ length: 50 }, () => signIn("wrong", stranger)));
    expect(password.most).toBe(1);
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
  });
});

describe("the first password", () => {
  const unset = () => {
    const password = new TestPassword();
    return { password, ...openGuard(password) };
  };

  it("is set on the device itself, and signs in", async () => {
    const { password, post, ask, signIn } = unset();
    expect((await signIn("anything at all")).status).toBe(403);
    const answer = await post("/api/session/password", "battery staple", own);
    expect(answer.status).toBe(204);
    expect(password.text).toBe("battery staple");
    expect(await ask(answer.headers.get("set-cookie") ?? "")).toBe(200);
  });

  it("is not set from another machine, nor through a proxy on this one", async () => {
    const { password, post } = unset();
    expect((await post("/api/session/password", "battery staple", stranger)).status).toBe(403);
    const proxied = { "x-forwarded-for": stranger };
    expect((await post("/api/session/password", "battery staple", own, proxied)).status).toBe(403);
    expect(password.text).toBeUndefined();
  });

  it("is set once", async () => {
    const { password, post } = unset();
    await post("/api/session/password", "battery staple", own);
    expect((await post("/api/session/password", "another one", own)).status).toBe(403);
    expect(password.text).toBe("battery staple");
  });

  it("has eight characters or more", async () => {
    const { password, post } = unset();
    expect((await post("/api/session/password", "1234567", own)).status).toBe(400);
    expect(password.text).toBeUndefined();
  });
});
