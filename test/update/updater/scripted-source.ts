/** An owner's system in memory, which outlives the unit: what it assigns, and every word that it heard. */
import {
  type Assignment,
  type CheckResult,
  type Report,
  SourceError,
  type UpdateSource,
} from "../../../src/update/source.ts";
import { sha256 } from "./unit.ts";

const finals = ["confirmed", "reverted", "refused", "kept", "canceled"];

export class OwnerSystem {
  readonly kind: UpdateSource["kind"];
  assignment: Assignment | null = null;
  cancel: string | null = null;
  retryAfterMs: number | undefined;
  readonly heard: { readonly id: string; readonly report: Report }[] = [];
  checks = 0;
  checkError: SourceError | undefined;
  reportError: ((report: Report) => SourceError | undefined) | undefined;
  readonly #closed = new Set<string>();

  constructor(kind: UpdateSource["kind"] = "hawkbit") {
    this.kind = kind;
  }

  assign(id: string, image: Buffer, changes: Partial<Assignment> = {}): void {
    this.assignment = {
      id,
      version: id,
      image: { url: `https://host.example/${id}`, headers: {}, size: image.length, sha256: sha256(image) },
      download: "now",
      install: "now",
      ...changes,
    };
  }

  /** Kinds of what was said of one assignment. */
  saidOf(id: string): readonly string[] {
    return this.heard.filter((each) => each.id === id).map(({ report }) => report.kind);
  }

  finalsOf(id: string): readonly string[] {
    return this.saidOf(id).filter((kind) => finals.includes(kind));
  }

  get source(): UpdateSource {
    return {
      kind: this.kind,
      check: async (): Promise<CheckResult> => {
        this.checks += 1;
        if (this.checkError) throw this.checkError;
        const again = this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs };
        const assignment = this.cancel === null ? this.assignment : null;
        return { assignment, cancel: this.cancel, ...again };
      },
      report: async (id, report): Promise<void> => {
        const failed = this.reportError?.(report);
        if (failed) throw failed;
        if (this.#closed.has(id)) throw new SourceError("gone", "it is closed");
        this.heard.push({ id, report });
        if (report.kind === "not-canceled") this.cancel = null;
        if (!finals.includes(report.kind)) return;
        this.#closed.add(id);
        if (this.assignment?.id === id) this.assignment = null;
        if (this.cancel === id) this.cancel = null;
      },
    };
  }
}
