/**
 * The sessions of the browsers that have signed in to the page.
 *
 * Guarantee: a token has 256 random bits and is not stored, only its digest. A session ends at its time
 * limit, when its password is replaced, or as the oldest of too many.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import type { Millis } from "../../../base/units.ts";

interface Session {
  readonly endsAt: number;
  /** Edition of the password that opened the session. */
  readonly edition: string;
}

const maxSessions = 100;

export class Sessions {
  readonly #clock: Pick<Clock, "now">;
  readonly #lasts: Millis;
  /** Key: SHA-256 of the session's token. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Pick<Clock, "now">, lasts: Millis) {
    this.#clock = clock;
    this.#lasts = lasts;
  }

  /** @param edition of the password. @returns the token */
  open(edition: string): string {
    const token = randomBytes(32).toString("base64url");
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= maxSessions && oldest !== undefined) this.#sessions.delete(oldest);
    this.#sessions.set(digestOf(token), { endsAt: this.#clock.now() + this.#lasts, edition });
    return token;
  }

  isOpen(token: string | undefined, edition: string): boolean {
    const session = token === undefined ? undefined : this.#sessions.get(digestOf(token));
    return session !== undefined && session.endsAt > this.#clock.now() && session.edition === edition;
  }

  end(token: string | undefined): void {
    if (token !== undefined) this.#sessions.delete(digestOf(token));
  }
}

const digestOf = (token: string): string => createHash("sha256").update(token).digest("hex");
