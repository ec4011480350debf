/**
 * Folder access/: who may see and change what the page shows.
 *
 * Access control of the page: host, origin, sign-in and security headers.
 *
 * Guarantees: a page of another site can neither read nor change anything (Host and Origin are checked,
 * cookies are SameSite=Strict, bodies must be JSON). With a password, only the page's files and the sign-in
 * work without it; the first password is set from this machine alone. Wrong passwords are limited for each
 * address, so that a stranger cannot lock the owner out, and for all addresses together.
 */
import type { Context, Next } from "hono";
import { getCookie } from "hono/cookie";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Clock } from "../../../base/clock.ts";
import { messageOf } from "../../../base/errors.ts";
import { RateLimit, RateLimitByKey, type RateLimits } from "../../../base/rate-limit.ts";
import { hours, type Millis, minutes } from "../../../base/units.ts";
import { bareHost, isLoopback, type NameList } from "../../host-names.ts";
import type { OnceLog } from "../../once-log.ts";
import type { Session } from "../api.ts";
import { maxPasswordLength, type PagePassword, passwordProblem } from "./password.ts";
import { Sessions } from "./sessions.ts";

export interface PageNames extends NameList {
  /** Whether the configuration lists this name: it may be that of an HTTPS proxy. */
  isNamed(name: string): boolean;
}

export interface PageGuardOptions {
  readonly clock: Clock;
  readonly once: OnceLog;
  /** Names under which the page is reached. */
  readonly hostNames: PageNames;
  /** Absent: everybody who reaches the page may use it. */
  readonly password: PagePassword | undefined;
  readonly isSealed: () => boolean;
  /** How long a session lasts; twelve hours when absent. */
  readonly sessionTime?: Millis | undefined;
}

const cookieName = "hub-session";
const guesses: RateLimits = { max: 10, within: minutes(1) };
/** For all addresses together. */
const allGuesses: RateLimits = { max: 60, within: minutes(1) };
const maxAddresses = 1000;
/** Maximum number of sign-ins that wait for the password's comparison. */
const maxWaiting = 20;
const refusals = {
  wrong: [403, "password", "the password is wrong"],
  wait: [429, "throttled", "too many wrong passwords: wait a minute"],
  unset: [403, "password-unset", "no password has been set yet"],
} as const;

/** Why a sign-in is refused. */
type Verdict = keyof typeof refusals;

/**
 * Allows the page's own files only: nothing from other origins, nothing inline. Trusted Types: a text is
 * never used as markup or script, except for the service worker's address by the policy `page`. The plot sets
 * its sizes through the style object, which is allowed.
 */
export const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types page",
].join("; ");

export class PageGuard {
  readonly #options: PageGuardOptions;
  readonly #sessions: Sessions;
  readonly #sessionTime: Millis;
  readonly #failures: RateLimitByKey;
  readonly #allFailures: RateLimit;
  #waiting = 0;
  #comparing: Promise<unknown> = Promise.resolve();

  constructor(options: PageGuardOptions) {
    const { clock, sessionTime = hours(12) } = options;
    this.#options = options;
    this.#sessionTime = sessionTime;
    this.#sessions = new Sessions(clock, sessionTime);
    this.#failures = new RateLimitByKey(clock, maxAddresses);
    this.#allFailures = new RateLimit(clock, allGuesses);
  }

  get passwordNeeded(): boolean {
    return this.#options.password !== undefined;
  }

  async session(c: Context): Promise<Session> {
    const { password } = this.#options;
    return {
      passwordNeeded: this.passwordNeeded,
      signedIn: await this.isSignedIn(c),
      passwordSet: password === undefined || password.edition !== undefined,
      maySetPassword: this.#maySetFirst(c),
    };
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
    if (!(await this.isSignedIn(c))) return refuse(c, 401, "sign-in", "sign in first");
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

  async isSignedIn(c: Context): Promise<boolean> {
    const { password } = this.#options;
    if (password === undefined) return true;
    const { edition } = password;
    if (edition !== undefined && this.#sessions.isOpen(getCookie(c, cookieName), edition)) return true;
    const basic = /^Basic ([A-Za-z0-9+/=]+)$/.exec(c.req.header("authorization") ?? "")?.[1];
    if (basic === undefined) return false;
    const [, ...words] = Buffer.from(basic, "base64").toString("utf8").split(":");
    return (await this.#verdictOn(words.join(":"), addressOf(c))) === "right";
  }

  /** @returns the answer: a session, or why not */
  async signIn(c: Context, tried: string): Promise<Response> {
    const verdict = await this.#verdictOn(tried, addressOf(c));
    if (verdict === "right") return this.#begin(c);
    const [status, code, text] = refusals[verdict];
    this.#options.once.warn("hub-page-refused", "sign-in", text);
    return refuse(c, status, code, text);
  }

  /** Sets the first password, and signs in. */
  async setFirstPassword(c: Context, wanted: string): Promise<Response> {
    const { password, once } = this.#options;
    if (!this.#maySetFirst(c)) {
      once.warn("hub-page-refused", "password", "set from another machine, or a second time");
      return refuse(c, 403, "password", "the first password is set on the device itself");
    }
    const problem = passwordProblem(wanted);
    if (problem !== undefined) return refuse(c, 400, "malformed", problem);
    try {
      await password?.setFirst?.(wanted);
    } catch (error) {
      return refuse(c, 500, "failed", messageOf(error));
    }
    return this.#begin(c);
  }

  signOut(c: Context): Response {
    this.#sessions.end(getCookie(c, cookieName));
    c.header("Set-Cookie", `${cookieName}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`);
    return c.body(null, 204);
  }

  #begin(c: Context): Response {
    const token = this.#sessions.open(this.#options.password?.edition ?? "");
    const lasts = Math.round(this.#sessionTime / 1000);
    c.header("Set-Cookie", `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${lasts}`);
    return c.body(null, 204);
  }

  /**
   * Whether the request may set the first password: only from this machine, and not through a proxy on it,
   * which forwards other machines' requests.
   */
  #maySetFirst(c: Context): boolean {
    const { password } = this.#options;
    const isOpen = password?.setFirst !== undefined && password.edition === undefined;
    const isProxied = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"].some(
      (name) => c.req.header(name) !== undefined,
    );
    return isOpen && !isProxied && isLoopback(addressOf(c));
  }

  /**
   * Compares passwords one after the other: each comparison knows how many failed before, and at most one
   * processor is busy.
   */
  async #verdictOn(tried: string, address: string): Promise<"right" | Verdict> {
    if (this.#waiting >= maxWaiting) return "wait";
    this.#waiting += 1;
    const verdict = this.#comparing.then(() => this.#compare(tried, address));
    this.#comparing = verdict.catch(() => undefined);
    try {
      return await verdict;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #compare(tried: string, address: string): Promise<"right" | Verdict> {
    const { password } = this.#options;
    if (password === undefined) return "right";
    if (password.edition === undefined) return "unset";
    if (this.#allFailures.full || this.#failures.isFull(address)) return "wait";
    if (tried.length <= maxPasswordLength && (await password.isRight(tried))) return "right";
    this.#allFailures.admit();
    this.#failures.admit(address, guesses);
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

/** The address at the other end; empty in a test without a connection. */
const addressOf = (c: Context): string => {
  const address: unknown = c.env?.incoming?.socket?.remoteAddress;
  return typeof address === "string" ? address.replace(/^::ffff:/, "") : "";
};
