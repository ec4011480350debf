/**
 * Sends the newest screen model to the display whenever the display is ready.
 *
 * Guarantee (SR-11): `show` returns at once and never throws, whatever the display does. At most one picture
 * is being sent, and only the newest one waits. A later `show` searches again for a display that is missing
 * or was lost, and sends it a complete picture. The feed yields to the event loop between two pictures, so a
 * display that accepts pictures instantly cannot block the loop.
 */
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Log } from "../../base/log.ts";
import { type Millis, millis, seconds } from "../../base/units.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import type { DisplayKind } from "../../model/displays.ts";
import type { Display } from "./display.ts";

/** A display that was found and is ready. */
export type ScreenTarget = Pick<Display, "kind" | "show">;

export interface ScreenFeedOptions {
  /** Searches the bus; resolves to `undefined` when there is no display. */
  readonly find: () => Promise<ScreenTarget | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

/** First retry after 1 s, since most disturbances are short; then every 10 s. */
const probeIntervals: BackoffLimits = { first: seconds(1), longest: seconds(10), factor: 10 };
/** A picture normally takes 0.1 s. After this time the transfer counts as stuck. */
const stuckAfter = seconds(5);
/** Pause between a picture and one that arrived while it was being sent. */
const gapBetweenPictures = millis(1);

export class ScreenFeed {
  readonly #options: ScreenFeedOptions;
  readonly #pictures = new LatestWins(() => this.#showLatest());
  #target: ScreenTarget | undefined;
  #latest: ScreenModel | undefined;
  #busySince: Millis | undefined;
  #nextSearchAt: Millis;
  #failed = false;
  readonly #searches = new Backoff(probeIntervals);
  #closed = false;

  constructor(options: ScreenFeedOptions) {
    this.#options = options;
    this.#nextSearchAt = options.clock.now();
  }

  show(model: ScreenModel): void {
    if (this.#closed) return;
    this.#latest = model;
    void this.#pictures.wake();
  }

  /** The display in use; `undefined` while there is none. */
  get kind(): DisplayKind | undefined {
    return this.#target?.kind;
  }

  /** There is no display, or it does not accept pictures. */
  get failing(): boolean {
    const since = this.#busySince;
    return this.#failed || (since !== undefined && this.#options.clock.now() - since > stuckAfter);
  }

  /** Finishes the picture being sent and sends no other. */
  close(): void {
    this.#closed = true;
  }

  async #showLatest(): Promise<void> {
    const { clock } = this.#options;
    this.#busySince = clock.now();
    const isReady = !this.#closed && (await this.#ready());
    this.#busySince = clock.now();
    if (isReady) await this.#sendLatest();
    this.#busySince = undefined;
    if (isReady && this.#latest !== undefined) await clock.sleep(gapBetweenPictures);
  }

  async #ready(): Promise<boolean> {
    const { clock, find, log } = this.#options;
    if (this.#target !== undefined) return true;
    if (clock.now() < this.#nextSearchAt) return false;
    try {
      this.#target = await find();
    } catch (error) {
      this.#lose("searching for it", error);
      return false;
    }
    if (this.#target === undefined) this.#lose("searching for it", "none answers on the I²C bus");
    else log.info("display-found", { display: this.#target.kind });
    return this.#target !== undefined;
  }

  async #sendLatest(): Promise<void> {
    const model = this.#latest;
    if (model === undefined) return;
    this.#latest = undefined;
    try {
      await this.#target?.show(model);
      this.#failed = false;
      this.#searches.reset();
    } catch (error) {
      this.#target = undefined;
      this.#lose("showing a picture", error);
    }
  }

  #lose(during: string, cause: unknown): void {
    const { clock, log } = this.#options;
    this.#nextSearchAt = millis(clock.now() + this.#searches.failed());
    const isNew = !this.#failed;
    this.#failed = true;
    if (!isNew || this.#closed) return;
    log.warn("display-failed", { during, reason: messageOf(cause), now: "heating continues without it" });
  }
}
