/**
 * Folder hawkbit/: updates from an Eclipse hawkBit server, by its Direct Device Integration API v1, as of hawkBit 1.1.0.
 *
 * Guarantees: links are followed, not built, where the server gives any; success is reported only for a confirmed image;
 * an action that this unit cannot carry out is closed with the reason; an update never fails because the server rejects
 * attributes or progress.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { equalJson } from "../../base/json/value.ts";
import type { Log } from "../../base/log.ts";
import { type Assignment, type CheckResult, type Report, SourceError, type UpdateSource } from "../source.ts";
import { assignmentOf } from "./assignment.ts";
import { type Attributes, attributeChanges, fitted, plainText } from "./attributes.ts";
import { DdiExchange, RefusedRequest } from "./exchange.ts";
import { type Feedback, feedbackOf, isFinal, type Resource, withoutDetails } from "./feedback.ts";
import type { Http } from "./http.ts";
import {
  type ControllerBase,
  type ControllerLinks,
  cancelAction,
  confirmationBase,
  controllerBase,
  deploymentBase,
} from "./messages.ts";
import type { HawkbitAccess } from "./options.ts";

/** Whether this unit's owner, at the unit, agrees to an update that the server wants confirmed. */
export type Consent = { readonly given: true } | { readonly given: false; readonly reason: string };

export interface HawkbitOptions {
  readonly access: HawkbitAccess;
  readonly http: Http;
  readonly clock: Pick<Clock, "setTimer">;
  readonly log: Log;
  /** Read at each check. */
  readonly attributes: () => Attributes;
  readonly consent: (assignment: Assignment) => Consent;
}

/** hawkBit keeps 1000 for an action: some must be left for restarts, deferrals and retries. */
const maxProgressReports = 300;
const maxRemembered = 32;

export class HawkbitSource implements UpdateSource {
  readonly kind = "hawkbit";
  readonly #options: HawkbitOptions;
  readonly #ddi: DdiExchange;
  /** Where each action is found, without the query. */
  readonly #links = new Map<string, string>();
  /** Progress reports by action. */
  readonly #sent = new Map<string, number>();
  /** The reason that the server has already received, by action. */
  readonly #denied = new Map<string, string>();
  #attributes: Attributes | undefined;
  #attributesRequested = false;

  constructor(options: HawkbitOptions) {
    this.#options = options;
    this.#ddi = new DdiExchange(options.access, options.http, options.clock);
  }

  async check(signal: AbortSignal): Promise<CheckResult> {
    const first = await this.#poll(signal);
    await this.#sendAttributes(first._links, signal);
    const isConfirmed = await this.#answerConfirmation(first._links, signal);
    const { config, _links: links } = isConfirmed ? await this.#poll(signal) : first;
    const sleep = config?.polling?.sleep;
    const again = sleep === undefined ? {} : { retryAfterMs: sleep };
    if (links.cancelAction !== undefined) {
      const { id, cancelAction: cancel } = await this.#ddi.read(
        "cancel",
        links.cancelAction.href,
        cancelAction,
        signal,
      );
      this.#remember("cancelAction", id, links.cancelAction.href);
      if (cancel.stopId !== id) this.#remember("cancelAction", cancel.stopId, links.cancelAction.href);
      return { assignment: null, cancel: cancel.stopId, ...again };
    }
    const assignment = links.deploymentBase && (await this.#deployment(links.deploymentBase.href, signal));
    return { assignment: assignment ?? null, cancel: null, ...again };
  }

  async report(id: string, report: Report, signal: AbortSignal): Promise<void> {
    const { resource, feedback } = feedbackOf(report);
    const final = isFinal(report);
    if (!final && !this.#countProgress(id)) return;
    try {
      await this.#post(resource, id, feedback, signal);
    } catch (error) {
      const isFull = error instanceof SourceError && error.code === "too-many-requests";
      if (!(isFull && !final && report.kind !== "not-canceled")) throw error;
      this.#options.log.warn("hawkbit-progress-dropped", { action: id, reason: error.message });
    }
    if (final) this.#sent.delete(id);
  }

  async #poll(signal: AbortSignal): Promise<ControllerBase> {
    const { href } = this.#options.access.base;
    try {
      return await this.#ddi.read("base", href, controllerBase, signal);
    } catch (error) {
      if (!(error instanceof RefusedRequest) || error.code !== "gone") throw error;
      const reason = `${error.message}: there is no hawkBit server at ${this.#options.access.base.origin}; check the address`;
      throw new SourceError("invalid-answer", reason, { cause: error });
    }
  }

  async #deployment(href: string, signal: AbortSignal): Promise<Assignment | undefined> {
    const { id, deployment } = await this.#ddi.read("deployment", href, deploymentBase, signal);
    this.#remember("deploymentBase", id, href);
    const found = assignmentOf(id, deployment, this.#options.access);
    if ("assignment" in found) return found.assignment;
    const { code, reason } = found.unusable;
    this.#options.log.warn("hawkbit-action-refused", { action: id, code, reason });
    await this.report(id, { kind: "refused", code, reason }, signal);
    return undefined;
  }

  /** @returns whether the action may continue now */
  async #answerConfirmation(links: ControllerLinks, signal: AbortSignal): Promise<boolean> {
    const href = links.confirmationBase?.href;
    if (href === undefined) return false;
    const { id, confirmation } = await this.#ddi.read("confirmation", href, confirmationBase, signal);
    const found = assignmentOf(id, confirmation, this.#options.access);
    const consent: Consent =
      "assignment" in found
        ? this.#options.consent(found.assignment)
        : { given: false, reason: found.unusable.reason };
    const reason = consent.given ? "confirmed" : plainText(consent.reason, 512);
    if (!consent.given && this.#denied.get(id) === reason) return false;
    const body = { confirmation: consent.given ? "confirmed" : "denied", details: [reason] };
    await this.#ddi.send("POST", `${placeOf(href)}/feedback`, body, signal);
    if (!consent.given) bounded(this.#denied, id, reason);
    return consent.given;
  }

  /** hawkBit 1.1.0 always sends the link; an older server only when it wants attributes. */
  async #sendAttributes({ configData }: ControllerLinks, signal: AbortSignal): Promise<void> {
    const isRequested = configData !== undefined && !this.#attributesRequested;
    this.#attributesRequested = configData !== undefined;
    if (configData === undefined) return;
    const now = fitted(this.#options.attributes());
    if (!isRequested && equalJson(now, this.#attributes)) return;
    try {
      for (const change of attributeChanges(isRequested ? undefined : this.#attributes, now)) {
        await this.#ddi.send("PUT", configData.href, change, signal);
      }
      this.#attributes = now;
    } catch (error) {
      signal.throwIfAborted();
      // Sent again as a whole when they change, or the next start. An update must not wait for it.
      const isPermanent = error instanceof RefusedRequest && error.status >= 400 && error.status < 500;
      this.#attributes = isPermanent ? now : undefined;
      if (!isPermanent) this.#attributesRequested = false;
      this.#options.log.warn("hawkbit-attributes-not-sent", { reason: messageOf(error) });
    }
  }

  async #post(resource: Resource, id: string, feedback: Feedback, signal: AbortSignal): Promise<void> {
    const href = `${await this.#placeOf(resource, id, signal)}/feedback`;
    try {
      await this.#ddi.send("POST", href, feedback, signal);
    } catch (error) {
      const isBadRequest = error instanceof RefusedRequest && error.status === 400;
      if (!isBadRequest || feedback.status.details.length === 0) throw error;
      await this.#ddi.send("POST", href, withoutDetails(feedback), signal);
    }
  }

  /**
   * After a restart the link is unknown, so it is requested; for an action that the server no longer lists, the API's
   * default path is used.
   */
  async #placeOf(resource: Resource, id: string, signal: AbortSignal): Promise<string> {
    const known = this.#links.get(`${resource} ${id}`);
    if (known !== undefined) return known;
    const { _links: links } = await this.#poll(signal);
    const href = links[resource]?.href;
    const place = href === undefined ? undefined : placeOf(href);
    if (place?.endsWith(`/${id}`)) return this.#remember(resource, id, place);
    return `${this.#options.access.base.href}/${resource}/${encodeURIComponent(id)}`;
  }

  #remember(resource: Resource, id: string, href: string): string {
    const place = placeOf(href);
    bounded(this.#links, `${resource} ${id}`, place);
    return place;
  }

  #countProgress(id: string): boolean {
    const count = (this.#sent.get(id) ?? 0) + 1;
    bounded(this.#sent, id, count);
    return count <= maxProgressReports;
  }
}

/** A link without query and fragment, as the base of the feedback link. */
const placeOf = (href: string): string => href.replace(/[?#].*$/, "");

/** Sets a value, and removes the oldest one above the limit. */
function bounded<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= maxRemembered) return;
    map.delete(oldest);
  }
}
