/**
 * Judges the roll-outs of the hub's feed: the reports of the units decide whether further units get an image.
 *
 * The owner's threshold is in the signed channel. The hub has no signing key and does not change the channel:
 * it withholds an image (update/feed/hold.ts), which stops the roll-out for the units that use this hub, and
 * no others.
 *
 * Guarantees: whether to stop is judged from all reports at the moment a unit asks. A stop persists, also
 * over a restart and when failed units leave, until a person resumes the roll-out or another image replaces
 * this one. After a resume only further failures stop it again. A stop that cannot be stored is logged and
 * lasts until this process ends.
 */
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { replaceFile } from "../../base/files/atomic-file.ts";
import { readSmallBytes, readSmallFile } from "../../base/files/small-file.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Log } from "../../base/log.ts";
import { type Infer, readText } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { integer, nullable, string } from "../../base/schema/values.ts";
import { seconds } from "../../base/units.ts";
import type { FirmwareView } from "../../hub/page-server/api.ts";
import type { RollOutGroup } from "../../hub/page-server/api-roll-outs.ts";
import type { RollOutParts, RollOuts } from "../../hub/page-server/firmware/roll-outs.ts";
import {
  type Channel,
  type ChannelGroup,
  channelFile,
  maxChannelBytes,
  readUnverifiedChannel,
} from "../../update/feed/channel.ts";
import { holdText } from "../../update/feed/hold.ts";
import {
  defaultStopAt,
  groupName,
  stopReason,
  type Tally,
  tally,
  type UnitInFeed,
} from "../../update/feed/rollout.ts";

/** Beside the hub's other documents. */
export const rollOutsFile = "roll-outs.json";
const maxBytes = 256 * 1024;
const maxDecisions = 100;

const decision = object({
  /** Channel and group. */
  name: string(undefined, 100),
  /** Digest of the image. */
  image: string(undefined, 64),
  stopped: nullable(object({ reason: string(undefined, 400), atMs: integer(0) })),
  /** Number of failures when a person resumed it. */
  accepted: integer(0),
});
const decisions = object({ decisions: list(decision, maxDecisions) });
type Decision = Infer<typeof decision>;

export interface JudgeOptions extends RollOutParts {
  /** Folder of the hub's documents. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Stage {
  readonly name: string;
  readonly group: string;
  readonly entry: ChannelGroup;
  readonly tally: Tally;
}

export class FeedRollOuts implements RollOuts {
  readonly #options: JudgeOptions;
  readonly #path: string;
  readonly #writes = new LatestWins(() => this.#write());
  #decisions: readonly Decision[];
  #published = "[]";
  #loggedProblem = "";
  #cancelCheck: (() => void) | undefined;

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.#path = join(options.folder, rollOutsFile);
    this.#decisions = this.#read();
  }

  groups(): readonly RollOutGroup[] {
    const groups = this.#judged().map(({ name, entry, tally: counts }) => ({
      name,
      version: entry.image.version,
      percent: entry.percent,
      stopAt: entry.stopAt ?? defaultStopAt,
      ...counts,
      stopped: this.#decisionOn(name, entry)?.stopped ?? null,
    }));
    const text = JSON.stringify(groups);
    if (text !== this.#published) {
      this.#published = text;
      this.#options.onChange(groups);
    }
    return groups;
  }

  hold(): string {
    const holds = this.#judged().flatMap(({ name, group, entry }) => {
      const stopped = this.#decisionOn(name, entry)?.stopped;
      if (!stopped) return [];
      return [{ group, image: entry.image.digest, reason: `its roll-out is stopped: ${stopped.reason}` }];
    });
    return holdText(holds);
  }

  set(name: string, action: "stop" | "resume"): boolean {
    const stage = this.#judged().find((each) => each.name === name);
    if (stage === undefined) return false;
    const { entry, tally: counts } = stage;
    const isStopped = this.#decisionOn(name, entry)?.stopped != null;
    if (action === "stop" && !isStopped) this.#stop(stage, "a person stopped it on the hub's page");
    if (action === "resume" && isStopped) {
      this.#decide({ name, image: entry.image.digest, stopped: null, accepted: counts.failed });
      this.#options.log.warn("roll-out-resumed", { group: name, version: entry.image.version });
    }
    this.groups();
    return true;
  }

  unitChanged(): void {
    this.#cancelCheck ??= this.#options.clock.setTimer(seconds(1), () => {
      this.#cancelCheck = undefined;
      this.groups();
    });
  }

  async close(): Promise<void> {
    this.#cancelCheck?.();
    await this.#writes.settled();
  }

  /** Judges every group of the channel, and stops those that must be stopped. */
  #judged(): readonly Stage[] {
    const channel = this.#channel();
    if (channel === undefined) return [];
    const units = this.#options.units().map(inFeed);
    return Object.entries(channel.groups).map(([group, entry]) => {
      const name = groupName(channel.channel, group);
      const { image, percent, stopAt = defaultStopAt } = entry;
      const stage = {
        name,
        group,
        entry,
        tally: tally(units, { group: name, digest: image.digest, percent }),
      };
      const known = this.#decisionOn(name, entry);
      const why = stopReason(stage.tally, stopAt);
      if (!known?.stopped && why !== undefined && stage.tally.failed > (known?.accepted ?? 0))
        this.#stop(stage, why);
      return stage;
    });
  }

  #stop({ name, entry, tally: { failed } }: Stage, reason: string): void {
    const { clock, log } = this.#options;
    const atMs = Math.max(0, Math.round(clock.wallNow()));
    this.#decide({ name, image: entry.image.digest, stopped: { reason, atMs }, accepted: failed });
    log.error("roll-out-stopped", { group: name, version: entry.image.version, reason });
  }

  #decisionOn(name: string, { image }: ChannelGroup): Decision | undefined {
    return this.#decisions.find((each) => each.name === name && each.image === image.digest);
  }

  /** Keeps one decision for each group: a new image begins without a decision. */
  #decide(made: Decision): void {
    const others = this.#decisions.filter(({ name }) => name !== made.name);
    this.#decisions = [...others, made].slice(-maxDecisions);
    void this.#writes.wake();
  }

  #channel(): Channel | undefined {
    try {
      const bytes = readSmallBytes(join(this.#options.feedPath, channelFile), { limit: maxChannelBytes });
      const channel = bytes && readUnverifiedChannel(bytes);
      this.#loggedProblem = "";
      return channel;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#loggedProblem)
        this.#options.log.warn("feed-channel-unreadable", { reason: problem, now: "no roll-out is judged" });
      this.#loggedProblem = problem;
      return undefined;
    }
  }

  #read(): readonly Decision[] {
    try {
      const text = readSmallFile(this.#path, { limit: maxBytes });
      const found = text === undefined ? undefined : readText(decisions, text);
      if (text !== undefined && found === undefined) throw new Error("its content is damaged");
      return found?.decisions ?? [];
    } catch (error) {
      const now = "the units' reports decide again";
      this.#options.log.error("roll-outs-unreadable", { reason: messageOf(error), now });
      return [];
    }
  }

  async #write(): Promise<void> {
    try {
      await replaceFile(this.#path, `${JSON.stringify({ decisions: this.#decisions })}\n`);
    } catch (error) {
      const now = "it holds until the hub ends";
      this.#options.log.error("roll-outs-not-stored", { reason: messageOf(error), now });
    }
  }
}

const inFeed = ({ group, place, image, state, lastImage, lastResult }: FirmwareView): UnitInFeed => ({
  group,
  place,
  image,
  isOnTrial: state === "on-trial",
  lastImage,
  hasFailed: lastResult === "reverted" || lastResult === "refused",
});
