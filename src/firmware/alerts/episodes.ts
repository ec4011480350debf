/**
 * Decides when a person is told that something began or is over.
 *
 * Guarantees: one message when a condition has lasted, one when it is over for a minute; a condition that comes and goes
 * causes no more than these two in each `spacing`, and the next message says how often it began. What was told survives a
 * restart. Memory is bounded.
 */
import { type Millis, minutes } from "../../base/units.ts";
import type { Alert, Condition } from "./alert.ts";

/** A shorter gap is part of the same episode. */
const overAfter = minutes(1);
/** After a restart, faults take this long to be seen again. */
const overAfterRestart = minutes(5);
/** Of a device there are some twenty; of a hub as many as devices. */
const maxConditions = 500;

interface Episode {
  readonly condition: Omit<Condition, "after">;
  readonly after: Millis;
  active: boolean;
  /** On the monotonic clock: when the episode began, and when it seemed to be over. */
  since: number;
  goneAt: number;
  overAfter: Millis;
  /** Wall time of its begin. */
  sinceMs: number;
  /** How often it began since it was told. */
  times: number;
  /** A person knows of it, and not of its end. */
  told: boolean;
  toldAt: number | undefined;
}

/** What was told and is not over, as it is stored. */
export type Told = Pick<Alert, "code" | "kind" | "severity" | "title" | "text" | "sinceMs">;

export interface Instant {
  /** Monotonic. */
  readonly now: number;
  readonly wallMs: number;
}

export type News = Omit<Alert, "id" | "atMs">;

export class Episodes {
  readonly #spacing: Millis;
  readonly #episodes = new Map<string, Episode>();

  /** @param told before a restart */
  constructor(spacing: Millis, told: readonly Told[], { now }: Instant) {
    this.#spacing = spacing;
    for (const { sinceMs, ...condition } of told.slice(0, maxConditions)) {
      if (condition.kind === "test") continue;
      this.#episodes.set(condition.code, {
        condition: { ...condition, kind: condition.kind },
        after: minutes(0),
        active: false,
        since: now,
        goneAt: now,
        overAfter: overAfterRestart,
        sinceMs,
        times: 1,
        told: true,
        toldAt: now,
      });
    }
  }

  get told(): readonly Told[] {
    return [...this.#episodes.values()]
      .filter(({ told }) => told)
      .map(({ condition, sinceMs }) => ({ ...condition, sinceMs }));
  }

  /** Takes all conditions that hold now: what is not among them does not. */
  observe(conditions: readonly Condition[], { now, wallMs }: Instant): void {
    const codes = new Set(conditions.map(({ code }) => code));
    for (const [code, episode] of this.#episodes) {
      if (codes.has(code) || !episode.active) continue;
      episode.active = false;
      episode.goneAt = now;
      episode.overAfter = overAfter;
    }
    for (const condition of conditions) this.#holds(condition, { now, wallMs });
  }

  /** Drops conditions that can never hold again: nobody is told of their end. */
  retain(isPossible: (code: string) => boolean): void {
    for (const code of this.#episodes.keys()) if (!isPossible(code)) this.#episodes.delete(code);
  }

  /**
   * What is to be told now, the longest due first.
   * @param admit asked before each: whether one more message may be made
   */
  news({ now }: Pick<Instant, "now">, admit: () => boolean): readonly News[] {
    const found: News[] = [];
    for (const [code, episode] of this.#episodes) {
      const { active, told } = episode;
      const isOver = !active && now - episode.goneAt >= episode.overAfter;
      if (active && !told && now >= this.#dueAt(episode)) {
        if (!admit()) break;
        found.push(newsOf(episode));
        Object.assign(episode, { told: true, toldAt: now, times: 0 });
      } else if (isOver && told) {
        if (!admit()) break;
        found.push(newsOf(episode));
        Object.assign(episode, { told: false, times: 0 });
      } else if (isOver && now - episode.goneAt >= this.#spacing) {
        this.#episodes.delete(code);
      }
    }
    return found;
  }

  #dueAt({ since, after, toldAt }: Episode): number {
    return Math.max(since + after, (toldAt ?? Number.NEGATIVE_INFINITY) + this.#spacing);
  }

  #holds({ after, ...condition }: Condition, { now, wallMs }: Instant): void {
    const known = this.#episodes.get(condition.code);
    if (known === undefined) {
      if (this.#episodes.size >= maxConditions) return;
      const begun = { since: now, goneAt: now, overAfter, sinceMs: wallMs, times: 1 };
      const fresh = { condition, after, active: true, told: false, toldAt: undefined, ...begun };
      this.#episodes.set(condition.code, fresh);
      return;
    }
    if (known.active) return;
    known.active = true;
    known.times += 1;
    const isSameEpisode = now - known.goneAt < known.overAfter;
    if (!isSameEpisode && !known.told) Object.assign(known, { since: now, sinceMs: wallMs });
  }
}

const newsOf = ({ condition, active, sinceMs, times }: Episode): News => ({
  ...condition,
  active,
  sinceMs,
  times: Math.max(1, times),
});
