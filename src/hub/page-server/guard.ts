/**
 * Access control of the page: host, origin, sign-in and security headers.
 *
 * Guarantees: a page of another site can neither read nor change anything (Host and Origin are checked, cookies are
 * SameSite=Strict, bodies must be JSON). With a password, only the page's files and the sign-in work without it.
 * Passwords are compared in constant time, and wrong ones are rate-limited.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context, Next } from "hono";
import { getCookie } from "hono/cookie";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Clock } from "../../base/clock.ts";
import { RateLimit, type RateLimits } from "../../base/rate-limit.ts";
import { minutes } from "../../base/units.ts";
import { bareHost, type NameList } from "../host-names.ts";
import type { OnceLog } from "../once-log.ts";

export interface PageNames extends NameList {
  /** Whether the configuration lists this name: it may be that of an HTTPS proxy. */
  isNamed(name: string): boolean;
}

export interface PageGuardOptions {
  readonly clock: Clock;
  readonly once: OnceLog;
  /** Names under which the page is reached. */
  readonly hostNames: PageNames;
  readonly password: string | undefined;
  readonly isSealed: () => boolean;
}

const cookieName = "hub-session";
const sessionMs = 12 * 3_600_000;
const maxSessions = 100;
const guesses: RateLimits = { max: 10, within: minutes(1) };
const signInRefusals = { wrong: "password is wrong", wait: "too many wrong passwords within a minute" };

/**
 * Allows the page's own files only: nothing from other origins, nothing inline, and no text as markup or script. The
 * plot sets its sizes through the style object, which is allowed.
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
  /** Expiry of sessions, by the SHA-256 of their token. */
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

  /** For every request: sets headers, checks host and origin. */
  readonly guard = async (c: Context, next: Next): Promise<Response | undefined> => {
    setHeaders(c);
    const { hostNames, once } = this.#options;
    const host = bareHost(c.req.header("host") ?? "");
    if (!hostNames.includes(host)) {
      once.warn("hub-page-refused", host, "unknown host name");
      return refuse(c, 403, "origin", "unknown host name");
    }
    if (!comesFromHere(c, hostNames)) {
      once.warn("hub-page-refused", c.req.header("origin") ?? "", "request from another site");
      return refuse(c, 403, "origin", "requests from other sites are rejected");
    }
    await next();
    return undefined;
  };

  /** For routes that need the sign-in. */
  readonly signedIn = async (c: Context, next: Next): Promise<Response | undefined> => {
    if (!this.isSignedIn(c)) return refuse(c, 401, "sign-in", "sign in first");
    await next();
    return undefined;
  };

  /** For every request that changes something: a sealed unit accepts it only with a password. */
  readonly mayChange = async (c: Context, next: Next): Promise<Response | undefined> => {
    const changes = !["GET", "HEAD"].includes(c.req.method);
    if (changes && !this.passwordNeeded && this.#options.isSealed()) {
      this.#options.once.warn("hub-page-refused", c.req.path, "the unit is sealed");
      return refuse(c, 403, "sealed", "this unit is sealed: its page changes nothing without a password");
    }
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

  /** @returns the cookie to set, or the reason of a refusal */
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

/** Browsers send the origin with every change; other clients send none. */
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
 * A request through an HTTPS proxy with a configured name, in the unchanged Host or in X-Forwarded-Host. Pages of other
 * sites cannot set that header without a CORS preflight.
 */
function comesByProxy(c: Context, origin: string, hostNames: PageNames): boolean {
  const hosts = [c.req.header("host"), c.req.header("x-forwarded-host")];
  return hosts.some(
    (host) => host !== undefined && hostNames.isNamed(bareHost(host)) && origin === `https://${host}`,
  );
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
