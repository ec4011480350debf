/**
 * The guard of the page: who may speak to it, from where, and what the browser may do with its answers.
 *
 * Guarantees: a page of another site can neither read nor change anything here (Host and Origin are checked, cookies
 * are SameSite=Strict, changes want JSON); with a password set, nothing but the page's own files and the sign-in is
 * answered before it was given. Passwords are compared in constant time, and guessing is slow.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context, Next } from "hono";
import { getCookie } from "hono/cookie";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Clock } from "../../base/clock.ts";
import { RateLimit, type RateLimits } from "../../base/rate-limit.ts";
import { minutes } from "../../base/units.ts";
import { bareHost, type KnownNames } from "../host-names.ts";
import type { OnceLog } from "../once-log.ts";

export interface PageNames extends KnownNames {
  /** Whether people gave it this name, and so may have put a proxy before it that speaks HTTPS. */
  isNamed(name: string): boolean;
}

export interface PageGuardOptions {
  readonly clock: Clock;
  readonly once: OnceLog;
  /** Names under which the page is reached. */
  readonly hostNames: PageNames;
  readonly password: string | undefined;
}

const cookieName = "hub-session";
const sessionMs = 12 * 3_600_000;
const maxSessions = 100;
const guesses: RateLimits = { most: 10, within: minutes(1) };
const signInRefusals = { wrong: "password is wrong", wait: "too many wrong passwords within a minute" };

/**
 * What the page is: its own files and nothing from elsewhere, nothing inline, and no text that becomes markup or
 * script: there is no policy under which one could. The plot's sizes go through the style object, which is allowed.
 */
export const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

export class PageGuard {
  readonly #options: PageGuardOptions;
  readonly #digest: Buffer | undefined;
  /** Ends of sessions, by the SHA-256 of their token. */
  readonly #sessions = new Map<string, number>();
  readonly #failures: RateLimit;

  constructor(options: PageGuardOptions) {
    this.#options = options;
    this.#failures = new RateLimit(options.clock, guesses);
    this.#digest = options.password === undefined ? undefined : sha256(options.password);
  }

  get passwordNeeded(): boolean {
    return this.#digest !== undefined;
  }

  /** For every request: headers, and where it may come from. */
  readonly guard = async (c: Context, next: Next): Promise<Response | undefined> => {
    setHeaders(c);
    const { hostNames, once } = this.#options;
    const host = bareHost(c.req.header("host") ?? "");
    if (!hostNames.includes(host)) {
      once.warn("hub-page-refused", host, "host is another");
      return refuse(c, 403, "origin", "this hub is not known by that name");
    }
    if (!comesFromHere(c, hostNames)) {
      once.warn("hub-page-refused", c.req.header("origin") ?? "", "origin is another");
      return refuse(c, 403, "origin", "requests from other pages are rejected");
    }
    await next();
    return undefined;
  };

  /** For everything behind the sign-in. */
  readonly signedIn = async (c: Context, next: Next): Promise<Response | undefined> => {
    if (!this.isSignedIn(c)) return refuse(c, 401, "sign-in", "sign in first");
    await next();
    return undefined;
  };

  isSignedIn(c: Context): boolean {
    if (this.#digest === undefined) return true;
    const cookie = getCookie(c, cookieName);
    const ends = cookie === undefined ? undefined : this.#sessions.get(sha256(cookie).toString("hex"));
    if (ends !== undefined && ends > this.#options.clock.now()) return true;
    const basic = /^Basic ([A-Za-z0-9+/=]+)$/.exec(c.req.header("authorization") ?? "")?.[1];
    if (basic === undefined) return false;
    const [, ...password] = Buffer.from(basic, "base64").toString("utf8").split(":");
    return this.#isPassword(password.join(":")) === "right";
  }

  /** @returns the cookie to set; or why not */
  signIn(password: string): "wrong" | "wait" | string {
    const verdict = this.#isPassword(password);
    if (verdict !== "right") {
      this.#options.once.warn("hub-page-refused", "sign-in", signInRefusals[verdict]);
      return verdict;
    }
    const token = randomBytes(32).toString("base64url");
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= maxSessions && oldest !== undefined) this.#sessions.delete(oldest);
    this.#sessions.set(sha256(token).toString("hex"), this.#options.clock.now() + sessionMs);
    return `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${sessionMs / 1000}`;
  }

  signOut(c: Context): string {
    const cookie = getCookie(c, cookieName);
    if (cookie !== undefined) this.#sessions.delete(sha256(cookie).toString("hex"));
    return `${cookieName}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
  }

  #isPassword(password: string): "right" | "wrong" | "wait" {
    if (this.#digest === undefined) return "right";
    if (this.#failures.full) return "wait";
    if (timingSafeEqual(sha256(password), this.#digest)) return "right";
    this.#failures.admit();
    return "wrong";
  }
}

export const refuse = (c: Context, status: ContentfulStatusCode, code: string, message: string): Response =>
  c.json({ error: { code, message } }, status);

function setHeaders(c: Context): void {
  c.header("Content-Security-Policy", contentPolicy);
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Referrer-Policy", "no-referrer");
  c.header("Cross-Origin-Opener-Policy", "same-origin");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
  c.header("Cache-Control", "no-store");
}

/** A browser says with every change where it comes from; what is no browser says nothing. */
function comesFromHere(c: Context, hostNames: PageNames): boolean {
  const origin = c.req.header("origin");
  const host = c.req.header("host") ?? "";
  if (origin !== undefined && origin !== `http://${host}` && !comesByProxy(c, origin, hostNames))
    return false;
  const site = c.req.header("sec-fetch-site");
  const isNavigation = c.req.header("sec-fetch-mode") === "navigate" && c.req.method === "GET";
  return site === undefined || site === "same-origin" || site === "none" || isNavigation;
}

/**
 * The page of a proxy that speaks HTTPS for this hub, under a name that people gave it: by the Host that the proxy left
 * as it was, or by what it says in its place. Pages of other sites cannot set that header without being asked first.
 */
function comesByProxy(c: Context, origin: string, hostNames: PageNames): boolean {
  const hosts = [c.req.header("host"), c.req.header("x-forwarded-host")];
  return hosts.some(
    (host) => host !== undefined && hostNames.isNamed(bareHost(host)) && origin === `https://${host}`,
  );
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
