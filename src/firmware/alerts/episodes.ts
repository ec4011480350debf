/**
 * Decides when to report that a condition began or is over.
 *
 * Guarantees: one message when a condition has lasted, one when it is over for a minute; a condition that
 * comes and goes causes no more than these two in each `spacing`, and the next message contains how often it
 * began. Reported conditions survive a restart. Memory is bounded.
 */
import { type Millis, minutes } from "../../base/units.ts";
import type { Alert, Condition } from "./alert.ts";

/** A shorter gap is part of the same episode. */
const overAfter = minutes(1);
/** After a restart, it takes this long until every fault was detected again. */
const overAfterRestart = minutes(5);
/** A device has some twenty; a hub has one for each device. */
const maxConditions = 500;

interface Episode {
  readonly condition: Omit<Condition, "after">;
  readonly after: Millis;
  active: boolean;
  /** On the monotonic clock: when the episode began, and when it seemed to be over. */
  since: number;
  goneAt: number;
  overAfter: Millis;
  /** Wall time of its beginning. */
  sinceMs: number;
  /** How often it began since the last report. */
  times: number;
  /** Its beginning was reported, and not its end. */
  reported: boolean;
  reportedAt: number | undefined;
}

/** A condition that was reported and is not over, in its stored form. */
export type ReportedCondition = Pick<Alert, "code" | "kind" | "severity" | "title" | "text" | "sinceMs">;

export interface Instant {
  /** Monotonic. */
  readonly now: number;
  readonly wallMs: number;
}

export type NewAlert = Omit<Alert, "id" | "atMs">;

export class Episodes {
  readonly #spacing: Millis;
  readonly #episodes = new Map<string, Episode>();

  /** @param reported before a restart */
  constructor(spacing: Millis, reported: readonly ReportedCondition[], { now }: Instant) {
    this.#spacing = spacing;
    for (const { sinceMs, ...condition } of reported.slice(0, maxConditions)) {
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
        reported: true,
        reportedAt: now,
      });
    }
  }

  get reported(): readonly ReportedCondition[] {
    return [...this.#episodes.values()]
      .filter(({ reported }) => reported)
      .map(({ condition, sinceMs }) => ({ ...condition, sinceMs }));
  }

  /** Takes all conditions that are active now: any other is inactive. */
  observe(conditions: readonly Condition[], { now, wallMs }: Instant): void {
    const codes = new Set(conditions.map(({ code }) => code));
    for (const [code, episode] of this.#episodes) {
      if (codes.has(code) || !episode.active) continue;
      episode.active = false;
      episode.goneAt = now;
      episode.overAfter = overAfter;
    }
    for (const condition of conditions) this.#begin(condition, { now, wallMs });
  }

  /** Drops conditions that can never be active again: their end is not reported. */
  retain(isPossible: (code: string) => boolean): void {
    for (const code of this.#episodes.keys()) if (!isPossible(code)) this.#episodes.delete(code);
  }

  /**
   * The alerts that are due now, the oldest condition first.
   * @param admit called before each alert: whether one more may be sent
   */
  takeDue({ now }: Pick<Instant, "now">, admit: () => boolean): readonly NewAlert[] {
    const found: NewAlert[] = [];
    for (const [code, episode] of this.#episodes) {
      const { active, reported } = episode;
      const isOver = !active && now - episode.goneAt >= episode.overAfter;
      if (active && !reported && now >= this.#dueAt(episode)) {
        if (!admit()) break;
        found.push(alertOf(episode));
        Object.assign(episode, { reported: true, reportedAt: now, times: 0 });
      } else if (isOver && reported) {
        if (!admit()) break;
        found.push(alertOf(episode));
        Object.assign(episode, { reported: false, times: 0 });
      } else if (isOver && now - episode.goneAt >= this.#spacing) {
        this.#episodes.delete(code);
      }
    }
    return found;
  }

  #dueAt({ since, after, reportedAt }: Episode): number {
    return Math.max(since + after, (reportedAt ?? Number.NEGATIVE_INFINITY) + this.#spacing);
  }

  #begin({ after, ...condition }: Condition, { now, wallMs }: Instant): void {
    const known = this.#episodes.get(condition.code);
    if (known === undefined) {
      if (this.#episodes.size >= maxConditions) return;
      const begun = { since: now, goneAt: now, overAfter, sinceMs: wallMs, times: 1 };
      const fresh = { condition, after, active: true, reported: false, reportedAt: undefined, ...begun };
      this.#episodes.set(condition.code, fresh);
      return;
    }
    if (known.active) return;
    known.active = true;
    known.times += 1;
    const isSameEpisode = now - known.goneAt < known.overAfter;
    if (!isSameEpisode && !known.reported) Object.assign(known, { since: now, sinceMs: wallMs });
  }
}

const alertOf = ({ condition, active, sinceMs, times }: Episode): NewAlert => ({
  ...condition,
  active,
  sinceMs,
  times: Math.max(1, times),
});
